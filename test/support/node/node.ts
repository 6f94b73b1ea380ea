/** A running node as tests use it, also from other processes than the one that started it. */
import { join } from 'node:path';
import { type AuditEntry, readAuditLog } from '../control-plane/audit-log.ts';
import { type Kubectl, kubectlFor } from '../control-plane/kubectl.ts';
import { type CommandResult, run, tryRun } from '../command.ts';
import { containerdSocket } from './configuration.ts';
import type { NodeNetwork } from './network.ts';
import { openOutsideHost } from './outside.ts';
import { networkAt, type NetworkNamespace } from './network-namespace.ts';
import { podNetworkPath } from './pods.ts';

/** Everything needed to use a node; plain data. */
export interface NodeDescription {
  /** Folder with logs, keys and data. */
  readonly dir: string;
  /** Process id of the first process in the node's namespaces. */
  readonly pid: number;
  readonly network: NodeNetwork;
  /** Folder of Kubernetes' programs. */
  readonly kubeBin: string;
  /** Folder of containerd's and the other programs. */
  readonly nodeBin: string;
  readonly serverUrl: string;
}

/** A running node. */
export interface Node {
  readonly description: NodeDescription;
  /** Addresses and ranges. */
  readonly network: NodeNetwork;
  /** Administrator's kubeconfig. */
  readonly kubeconfigPath: string;
  readonly kubectlPath: string;
  readonly serverUrl: string;
  /** Runs kubectl; a failure is in its code. */
  readonly kubectl: Kubectl;
  /** stdout of a kubectl command that has to succeed. @throws Error with its stderr */
  kubectlOk(args: readonly string[], stdin?: string): Promise<string>;
  /** Applies objects, server-side. */
  apply(...objects: object[]): Promise<void>;
  auditLog(): Promise<AuditEntry[]>;
  /** Makes images of archives (docker's or OCI's) known to the node, under the names in the archives. */
  importImages(archives: readonly string[]): Promise<void>;
  /** containerd's own tool, on the images and containers of the node. */
  ctr(args: readonly string[]): Promise<CommandResult>;
  /** The node's own network: what leaves it for its pods is never stopped by a policy. */
  readonly nodeNetwork: NetworkNamespace;
  /** This machine's network: outside the cluster, with routes to pods and Services. */
  readonly hostNetwork: NetworkNamespace;
  /** The network of a running pod: what leaves it is the pod's, for policies too. */
  podNetwork(pod: { readonly namespace: string; readonly name: string }): Promise<NetworkNamespace>;
  /** Runs a program of this machine in the network of a pod, to its end. */
  inPodNetwork(
    pod: { readonly namespace: string; readonly name: string },
    program: string,
    args: readonly string[],
  ): Promise<CommandResult>;
  /**
   * A host outside the cluster with an IPv4 address such as 198.51.100.7; made with the first use of the address. Pods
   * reach it through the node and policies see its address; it goes with the node.
   */
  outsideHost(address: string): Promise<NetworkNamespace>;
}

/** A node that is running. */
export function attach(description: NodeDescription): Node {
  const { dir, pid, network, kubeBin, nodeBin, serverUrl } = description;
  const kubeconfigPath = join(dir, 'admin.conf');
  const kubectlPath = join(kubeBin, 'kubectl');
  const kubectl = kubectlFor({ kubectlPath, kubeconfigPath });
  const ctrArgs = (
    args: readonly string[],
  ): string[] => ['--address', containerdSocket(dir), '--namespace', 'k8s.io', ...args];
  const ctr = (args: readonly string[]): Promise<CommandResult> => tryRun(join(nodeBin, 'ctr'), ctrArgs(args));
  const ctrOk = (args: readonly string[]): Promise<string> => run(join(nodeBin, 'ctr'), ctrArgs(args));
  const kubectlOk = async (args: readonly string[], stdin?: string): Promise<string> => {
    const { code, stdout, stderr } = await kubectl(args, stdin === undefined ? {} : { stdin });
    if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr.trim()}`);
    return stdout;
  };
  const podNetwork: Node['podNetwork'] = async (pod) => networkAt(await podNetworkPath({ kubectlOk, ctrOk }, pid, pod));
  return {
    description,
    network,
    kubeconfigPath,
    kubectlPath,
    serverUrl,
    kubectl,
    kubectlOk,
    ctr,
    podNetwork,
    async apply(...objects) {
      await kubectlOk(
        ['apply', '--server-side', '-f', '-'],
        JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }),
      );
    },
    auditLog: () => readAuditLog(join(dir, 'audit.log')),
    async importImages(archives) {
      await Promise.all(archives.map((archive) => ctrOk(['images', 'import', archive])));
    },
    nodeNetwork: networkAt(`/proc/${pid}/ns/net`),
    hostNetwork: networkAt('/proc/self/ns/net'),
    inPodNetwork: async (pod, program, args) => (await podNetwork(pod)).run(program, args),
    outsideHost: async (address) => networkAt(await openOutsideHost(pid, network, address)),
  };
}
