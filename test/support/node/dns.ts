/** What the cluster's DNS knows beside the cluster. */
import { fileURLToPath } from 'node:url';
import type { DnsRecord } from '../dns-server.ts';
import type { TestProcess } from '../processes.ts';
import { eventually } from '../wait.ts';
import { upstreamDns } from './network.ts';
import type { Node } from './node.ts';

const [begin, end] = ['    # of the tests', '    # end of the tests'] as const;
const added = new RegExp(`${begin}\n[^]*${end}\n`);

/** Puts blocks of plugins in front of those CoreDNS has; an earlier call's are replaced. Settles once it answers by them. */
export async function extendDns(node: Node, ...blocks: readonly string[]): Promise<void> {
  const inSystem = (...args: string[]): Promise<string> => node.kubectlOk(['-n', 'kube-system', ...args]);
  const { data } = JSON.parse(await inSystem('get', 'configmap', 'coredns', '-o', 'json')) as {
    data: { Corefile: string };
  };
  const mine = `${[begin, ...blocks, end].join('\n')}\n`;
  const Corefile = data.Corefile.replace(added, '').replace('.:53 {\n', `.:53 {\n${mine}`);
  await node.apply({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'coredns', namespace: 'kube-system' },
    data: { Corefile },
  });
  await inSystem('rollout', 'restart', 'deployment/coredns');
  await inSystem('rollout', 'status', 'deployment/coredns', '--timeout=120s');
}

/** A block that answers for these names. */
export function hostsBlock(addresses: Readonly<Record<string, string>>): string {
  const lines = Object.entries(addresses).map(([name, address]) => `        ${address} ${name}`);
  return ['    hosts {', ...lines, '        ttl 1', '        fallthrough', '    }'].join('\n');
}

const serverModule = fileURLToPath(new URL('../dns-server.ts', import.meta.url));

/** Starts the server that the cluster's DNS asks for every name it does not know; it ends with this process at the latest. */
export async function startUpstreamDns(node: Node, records: Readonly<Record<string, DnsRecord>>): Promise<TestProcess> {
  const program = `import { startDnsServer } from ${JSON.stringify(serverModule)};
    const server = await startDnsServer(${JSON.stringify({ host: upstreamDns, port: 53 })});
    for (const [name, record] of Object.entries(${JSON.stringify(records)})) server.records.set(name, record);
    console.log('answers');`;
  const running = (await node.outsideHost(upstreamDns)).start(process.execPath, ['--input-type=module', '-e', program]);
  await eventually('the DNS server outside answers', () => running.output().includes('answers'), 60_000);
  return running;
}
