/** Configuration files and command lines of what runs on a node: pure. */
import { join } from 'node:path';
import { kubeconfig } from '../control-plane/arguments.ts';
import { images } from './images.ts';
import type { NodeNetwork } from './network.ts';

/** Name of the node, in its certificate and in the API. */
export const nodeName = 'test-node';

/** Ports on the node's own address, for probes from this machine. */
export const healthPorts = { proxy: 10_256, kubeRouter: 20_244 } as const;

/** Folders of one node. */
export interface NodeFolders {
  readonly dir: string;
  readonly cniBin: string;
}

/** containerd's socket, which this machine can reach too. */
export function containerdSocket(dir: string): string {
  return join(dir, 'containerd.sock');
}

/** Where containerd looks how a registry is reached: a folder for each, `<host:port>/hosts.toml`. */
export function registriesFolder(dir: string): string {
  return join(dir, 'registries');
}

/** containerd's configuration. Without `restrict_oom_score_adj` runc cannot start anything where root may not lower the score. */
export function containerdConfig({ dir, cniBin }: NodeFolders): string {
  const text = JSON.stringify;
  const cri = "plugins.'io.containerd.cri.v1";
  return `version = 3
root = ${text(join(dir, 'containerd'))}
state = "/run/containerd"
oom_score = 0
[grpc]
address = ${text(containerdSocket(dir))}
[${cri}.images']
snapshotter = "overlayfs"
[${cri}.images'.registry]
config_path = ${text(registriesFolder(dir))}
[${cri}.images'.pinned_images]
sandbox = ${text(images.pause)}
[${cri}.runtime']
restrict_oom_score_adj = true
disable_apparmor = true
[${cri}.runtime'.cni]
bin_dirs = [${text(cniBin)}]
conf_dir = ${text(join(dir, 'cni'))}
[${cri}.runtime'.containerd]
default_runtime_name = "runc"
[${cri}.runtime'.containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
[${cri}.runtime'.containerd.runtimes.runc.options]
SystemdCgroup = false
`;
}

/** How pods get their network: a point-to-point link each, an address of the node's range, ports of the node if they ask. */
export function cniConfig({ nodePodRange }: NodeNetwork): object {
  const ipam = {
    type: 'host-local',
    dataDir: '/run/cni-ipam',
    ranges: [[{ subnet: nodePodRange }]],
    routes: [{ dst: '0.0.0.0/0' }],
  };
  return {
    cniVersion: '1.0.0',
    name: 'pods',
    plugins: [{ type: 'ptp', ipMasq: false, mtu: 1400, ipam }, {
      type: 'portmap',
      capabilities: { portMappings: true },
    }],
  };
}

/** The kubelet's configuration. Nothing is ever evicted or collected for want of disk: it is not this node's own. */
export function kubeletConfig(dir: string, cgroup: string, { dnsAddress }: NodeNetwork): object {
  const pki = (name: string): string => join(dir, 'pki', name);
  return {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: pki('ca.crt') },
    },
    authorization: { mode: 'Webhook' },
    tlsCertFile: pki('kubelet-serving.crt'),
    tlsPrivateKeyFile: pki('kubelet-serving.key'),
    containerRuntimeEndpoint: `unix://${containerdSocket(dir)}`,
    cgroupDriver: 'cgroupfs',
    cgroupRoot: `/${cgroup}`,
    failCgroupV1: false,
    enforceNodeAllocatable: [],
    failSwapOn: false,
    oomScoreAdj: 0,
    maxOpenFiles: 20_000,
    maxPods: 200,
    clusterDomain: 'cluster.local',
    clusterDNS: [dnsAddress],
    resolvConf: join(dir, 'resolv.conf'),
    podLogsDir: join(dir, 'pod-logs'),
    volumePluginDir: join(dir, 'volume-plugins'),
    evictionHard: {
      'memory.available': '100Mi',
      'imagefs.available': '0%',
      'nodefs.available': '0%',
      'nodefs.inodesFree': '0%',
    },
    imageGCHighThresholdPercent: 100,
    imageGCLowThresholdPercent: 99,
    nodeStatusUpdateFrequency: '5s',
    syncFrequency: '10s',
  };
}

/** kube-proxy's configuration. It keeps to a table of its own in nftables, which kube-router's rewriting of iptables cannot touch. */
export function proxyConfig(dir: string, { address, podRange }: NodeNetwork): object {
  return {
    apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
    kind: 'KubeProxyConfiguration',
    mode: 'nftables',
    nftables: { minSyncPeriod: '100ms', syncPeriod: '10s' },
    clientConnection: { kubeconfig: join(dir, 'proxy.conf') },
    hostnameOverride: nodeName,
    clusterCIDR: podRange,
    oomScoreAdj: 0,
    // The table of connections is the whole machine's: its limits stay as they are.
    conntrack: { maxPerCore: 0, min: 0, tcpEstablishedTimeout: '0s', tcpCloseWaitTimeout: '0s' },
    metricsBindAddress: '127.0.0.1:10249',
    healthzBindAddress: `${address}:${healthPorts.proxy}`,
  };
}

/** kubelet's command line. */
export function kubeletArgs(dir: string, { address }: NodeNetwork): string[] {
  return [
    `--config=${join(dir, 'kubelet.json')}`,
    `--kubeconfig=${join(dir, 'kubelet.conf')}`,
    `--root-dir=${join(dir, 'kubelet')}`,
    `--hostname-override=${nodeName}`,
    `--node-ip=${address}`,
  ];
}

/** kube-router's command line: policies alone, and nothing allowed before they are in place. */
export function kubeRouterArgs(dir: string, { address, serviceRange }: NodeNetwork): string[] {
  return [
    `--kubeconfig=${join(dir, 'kube-router.conf')}`,
    '--run-firewall=true',
    '--run-router=false',
    '--run-service-proxy=false',
    '--run-loadbalancer=false',
    '--enable-cni=false',
    `--hostname-override=${nodeName}`,
    `--service-cluster-ip-range=${serviceRange}`,
    '--netpol-default-deny=true',
    '--iptables-sync-period=30s',
    `--health-addr=${address}`,
    '--gobgp-admin-port=0',
    '--v=1',
  ];
}

/** The files of the node's own programs, by name. */
export function nodeFiles(
  folders: NodeFolders,
  cgroup: string,
  network: NodeNetwork,
  serverUrl: string,
): Readonly<Record<string, string>> {
  const { dir } = folders;
  const config = (user: string): string => kubeconfig(dir, serverUrl, user);
  return {
    'containerd.toml': containerdConfig(folders),
    'cni/10-pods.conflist': JSON.stringify(cniConfig(network)),
    'kubelet.json': JSON.stringify(kubeletConfig(dir, cgroup, network)),
    'proxy.json': JSON.stringify(proxyConfig(dir, network)),
    'resolv.conf': `nameserver ${network.hostAddress}\n`,
    'kubelet.conf': config('kubelet'),
    'proxy.conf': config('proxy'),
    'kube-router.conf': config('kube-router'),
  };
}
