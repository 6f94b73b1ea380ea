/** What a cluster of one node needs in its API: rights of the policy engine, and the cluster's DNS. Pure. */
import { images } from './images.ts';
import { type NodeNetwork, upstreamDns } from './network.ts';

const rbac = 'rbac.authorization.k8s.io';

function clusterRole(name: string, rules: readonly object[], subject: object): object[] {
  const apiVersion = `${rbac}/v1`;
  return [
    { apiVersion, kind: 'ClusterRole', metadata: { name }, rules },
    {
      apiVersion,
      kind: 'ClusterRoleBinding',
      metadata: { name },
      roleRef: { apiGroup: rbac, kind: 'ClusterRole', name },
      subjects: [subject],
    },
  ];
}

/** What kube-router may do. */
export function policyEngineObjects(): object[] {
  const read = ['get', 'list', 'watch'];
  return clusterRole('kube-router', [
    { apiGroups: [''], resources: ['namespaces', 'pods', 'services', 'nodes', 'endpoints'], verbs: read },
    { apiGroups: ['networking.k8s.io'], resources: ['networkpolicies'], verbs: read },
    { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: read },
    { apiGroups: [''], resources: ['services/status'], verbs: ['update'] },
    { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['get', 'create', 'update'] },
  ], { apiGroup: rbac, kind: 'User', name: 'kube-router' });
}

const corefile = `.:53 {
    errors
    health :8080
    ready :8181
    kubernetes cluster.local in-addr.arpa ip6.arpa {
        pods insecure
        ttl 5
    }
    forward . ${upstreamDns} {
        max_fails 0
    }
    cache 5
    reload 5s
}
`;

const inSystem = (name: string): object => ({ name, namespace: 'kube-system' });
const dnsLabels = { 'k8s-app': 'kube-dns' };
const dnsPorts = [{ name: 'dns', port: 53, protocol: 'UDP' }, { name: 'dns-tcp', port: 53, protocol: 'TCP' }] as const;

/** CoreDNS where kubeadm puts it: Deployment `coredns` and Service `kube-dns` of `kube-system`. */
export function dnsObjects({ dnsAddress }: NodeNetwork): object[] {
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: inSystem('coredns') },
    ...clusterRole('coredns', [
      { apiGroups: [''], resources: ['services', 'pods', 'namespaces'], verbs: ['list', 'watch'] },
      { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['list', 'watch'] },
    ], { kind: 'ServiceAccount', ...inSystem('coredns') }),
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: inSystem('coredns'), data: { Corefile: corefile } },
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { ...inSystem('coredns'), labels: dnsLabels },
      spec: {
        replicas: 1,
        selector: { matchLabels: dnsLabels },
        template: { metadata: { labels: dnsLabels }, spec: dnsPod },
      },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { ...inSystem('kube-dns'), labels: dnsLabels },
      spec: { clusterIP: dnsAddress, selector: dnsLabels, ports: dnsPorts },
    },
  ];
}

const dnsPod = {
  serviceAccountName: 'coredns',
  priorityClassName: 'system-cluster-critical',
  dnsPolicy: 'Default',
  securityContext: { runAsNonRoot: true, runAsUser: 65_532, seccompProfile: { type: 'RuntimeDefault' } },
  containers: [{
    name: 'coredns',
    image: images.coredns,
    imagePullPolicy: 'Never',
    args: ['-conf', '/etc/coredns/Corefile'],
    ports: dnsPorts.map(({ name, port, protocol }) => ({ name, containerPort: port, protocol })),
    readinessProbe: { httpGet: { path: '/ready', port: 8181 }, periodSeconds: 1 },
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'], add: ['NET_BIND_SERVICE'] },
    },
    volumeMounts: [{ name: 'config', mountPath: '/etc/coredns', readOnly: true }],
  }],
  volumes: [{ name: 'config', configMap: { name: 'coredns' } }],
};
