/** What the cluster's DNS knows beside the cluster. */
import type { Node } from './node.ts';

const [begin, end] = ['    # of the tests', '    # end of the tests'] as const;
const added = new RegExp(`${begin}\n[^]*${end}\n`);

/** Puts blocks of plugins in front of those CoreDNS has; an earlier call's are replaced. Settles once it answers by them. */
export async function extendDns(node: Node, ...blocks: readonly string[]): Promise<void> {
  const inSystem = (...args: string[]): Promise<string> => node.kubectlOk(['-n', 'kube-system', ...args]);
  const { data } = JSON.parse(await inSystem('get', 'configmap', 'coredns', '-o', 'json')) as { data: { Corefile: string } };
  const mine = `${[begin, ...blocks, end].join('\n')}\n`;
  const Corefile = data.Corefile.replace(added, '').replace('.:53 {\n', `.:53 {\n${mine}`);
  await node.apply({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'coredns', namespace: 'kube-system' }, data: { Corefile } });
  await inSystem('rollout', 'restart', 'deployment/coredns');
  await inSystem('rollout', 'status', 'deployment/coredns', '--timeout=120s');
}

/** A block that answers for these names. */
export function hostsBlock(addresses: Readonly<Record<string, string>>): string {
  const lines = Object.entries(addresses).map(([name, address]) => `        ${address} ${name}`);
  return ['    hosts {', ...lines, '        ttl 1', '        fallthrough', '    }'].join('\n');
}

/** A block that has another server answer for everything below a name. */
export function forwardBlock(suffix: string, server: string): string {
  return `    forward ${suffix} ${server} {\n        max_fails 0\n    }`;
}
