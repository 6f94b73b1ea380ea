/** The command lines of the four components: on loopback, or on a node that pods run on. */
import { join } from 'node:path';

/** TCP ports of one control plane. */
export interface Ports {
  readonly apiServer: number;
  readonly etcdClient: number;
  readonly etcdPeer: number;
  readonly controllerManager: number;
  readonly scheduler: number;
}

/** Where a control plane can be reached, and the addresses it gives away. */
export interface Reach {
  /** Address of the API server and in its certificate. */
  readonly address: string;
  /** Whether the API server is published as the Service `kubernetes`; loopback cannot be. */
  readonly published: boolean;
  readonly serviceRange: string;
  /** Address of the Service `kubernetes`, the first of the range. */
  readonly serviceAddress: string;
  readonly podRange: string;
}

/** A control plane that this machine alone can reach. */
export const loopback: Reach = {
  address: '127.0.0.1',
  published: false,
  serviceRange: '10.96.0.0/16',
  serviceAddress: '10.96.0.1',
  podRange: '10.244.0.0/16',
};

/** So fast that no test, and no bench with thousands of Deployments, waits for the limit of these clients. */
const fastClient = [
  '--kube-api-qps=1000',
  '--kube-api-burst=2000',
  '--profiling=false',
  '--leader-elect=false',
  '--bind-address=127.0.0.1',
];

/** etcd without fsync: the data lives as long as the tests. */
export function etcdArgs(dir: string, ports: Ports): string[] {
  const client = `http://127.0.0.1:${ports.etcdClient}`;
  const peer = `http://127.0.0.1:${ports.etcdPeer}`;
  return [
    `--data-dir=${join(dir, 'etcd')}`,
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=default=${peer}`,
    '--unsafe-no-fsync=true',
    // The default of 2 GiB is spent by a bench of some thousand workers before the API server compacts.
    '--quota-backend-bytes=8589934592',
    '--log-level=warn',
  ];
}

/** kube-apiserver with RBAC and an audit log. */
export function apiServerArgs(dir: string, ports: Ports, { address, published, serviceRange }: Reach): string[] {
  const pki = (name: string): string => join(dir, 'pki', name);
  return [
    `--etcd-servers=http://127.0.0.1:${ports.etcdClient}`,
    `--secure-port=${ports.apiServer}`,
    ...(published
      ? ['--bind-address=0.0.0.0', `--advertise-address=${address}`, '--endpoint-reconciler-type=lease']
      : [`--bind-address=${address}`, '--endpoint-reconciler-type=none']),
    `--tls-cert-file=${pki('apiserver.crt')}`,
    `--tls-private-key-file=${pki('apiserver.key')}`,
    `--client-ca-file=${pki('ca.crt')}`,
    '--authorization-mode=Node,RBAC',
    // The last is what some distributions add: it asks who has an owner wait for a child for a right to the owner.
    '--enable-admission-plugins=NodeRestriction,PodNodeSelector,PodTolerationRestriction,OwnerReferencesPermissionEnforcement',
    '--allow-privileged=true',
    `--service-cluster-ip-range=${serviceRange}`,
    '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
    `--service-account-key-file=${pki('sa.pub')}`,
    `--service-account-signing-key-file=${pki('sa.key')}`,
    `--kubelet-client-certificate=${pki('kubelet-client.crt')}`,
    `--kubelet-client-key=${pki('kubelet-client.key')}`,
    `--kubelet-certificate-authority=${pki('ca.crt')}`,
    '--kubelet-preferred-address-types=InternalIP',
    `--audit-policy-file=${join(dir, 'audit.yaml')}`,
    `--audit-log-path=${join(dir, 'audit.log')}`,
    '--profiling=false',
  ];
}

/** kube-controller-manager, which creates pods of Deployments and collects garbage. */
export function controllerManagerArgs(dir: string, ports: Ports, { podRange, serviceRange }: Reach): string[] {
  const pki = (name: string): string => join(dir, 'pki', name);
  return [
    `--kubeconfig=${join(dir, 'controller-manager.conf')}`,
    `--secure-port=${ports.controllerManager}`,
    `--cert-dir=${join(dir, 'controller-manager')}`,
    '--use-service-account-credentials=true',
    `--root-ca-file=${pki('ca.crt')}`,
    `--service-account-private-key-file=${pki('sa.key')}`,
    `--cluster-signing-cert-file=${pki('ca.crt')}`,
    `--cluster-signing-key-file=${pki('ca.key')}`,
    '--allocate-node-cidrs=true',
    `--cluster-cidr=${podRange}`,
    '--node-cidr-mask-size=24',
    `--service-cluster-ip-range=${serviceRange}`,
    ...fastClient,
  ];
}

/** kube-scheduler. */
export function schedulerArgs(dir: string, ports: Ports): string[] {
  return [
    `--kubeconfig=${join(dir, 'scheduler.conf')}`,
    `--secure-port=${ports.scheduler}`,
    `--cert-dir=${join(dir, 'scheduler')}`,
    ...fastClient,
  ];
}

/** Audit policy: who asked for what, without bodies; the components' own traffic is left out. */
export const auditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- {level: None, users: ["system:apiserver", "system:kube-controller-manager", "system:kube-scheduler"]}
- {level: None, userGroups: ["system:nodes", "system:serviceaccounts:kube-system"]}
- {level: Metadata}
`;

/** A kubeconfig that logs in with the client certificate `<certificate>.crt` of the folder's `pki`. */
export function kubeconfig(dir: string, serverUrl: string, certificate: string): string {
  const pki = (name: string): string => JSON.stringify(join(dir, 'pki', name));
  return `apiVersion: v1
kind: Config
current-context: test
contexts: [{name: test, context: {cluster: test, user: ${certificate}}}]
clusters: [{name: test, cluster: {server: "${serverUrl}", certificate-authority: ${pki('ca.crt')}}}]
users: [{name: ${certificate}, user: {client-certificate: ${pki(`${certificate}.crt`)}, client-key: ${
    pki(`${certificate}.key`)
  }}}]
`;
}
