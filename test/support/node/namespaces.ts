/** Namespaces of a node's own: mounts, network and processes, linked to this machine by a pair of interfaces. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '../wait.ts';
import { run, tryRun } from './command.ts';
import { networkOf, slots, type NodeNetwork } from './network.ts';

/** The namespaces with their addresses. */
export interface Namespaces {
  /** Process id of the first process in them, as this machine sees it. */
  readonly pid: number;
  readonly network: NodeNetwork;
  /** Kills all that runs in them; the folder, the cgroups, the link and its routes go with them. */
  close(): Promise<void>;
}

/** The command that runs another in all namespaces of a node. */
export function inNode(pid: number, program: string, args: readonly string[]): [program: string, args: string[]] {
  return ['nsenter', [`--target=${pid}`, '--mount', '--net', '--pid', '--', program, ...args]];
}

/**
 * Opens namespaces and links them to this machine; `dir` belongs to them. They end with this process, however that ends.
 * @throws Error when there are as many nodes as this machine can have, or the kernel refuses
 */
export async function openNamespaces(dir: string): Promise<Namespaces> {
  const holder = spawn(process.execPath, [join(import.meta.dirname, 'holder.ts'), dir], { stdio: ['pipe', 'pipe', 'inherit'], detached: true });
  const ended = once(holder, 'exit');
  const release = async (): Promise<void> => {
    holder.stdin.end();
    await ended;
  };
  try {
    const [line] = await Promise.race([once(holder.stdout, 'data'), ended]) as [unknown];
    if (!(line instanceof Buffer)) throw new Error('the namespaces of a node do not open; what the kernel said is above');
    const pid = Number(line.toString());
    const network = await link(pid);
    const isGone = (): boolean => !existsSync(`/sys/class/net/${network.hostLink}`);
    return { pid, network, close: () => release().then(async () => { await eventually(`${network.hostLink} is gone`, isGone); }) };
  } catch (error) {
    await release();
    throw error;
  }
}

/** Takes the first free slot: a name that is taken belongs to another node, a route to somebody else. */
async function link(pid: number): Promise<NodeNetwork> {
  for (let slot = 0; slot < slots; slot++) {
    const network = networkOf(slot);
    if (await claim(pid, network)) {
      await linkInside(pid, network);
      return network;
    }
  }
  throw new Error(`all ${slots} address ranges for nodes are taken: stop a node, or see "ip route" for who else uses 10.99.0.0/16`);
}

/** The peer is born in the node's namespace, so that both ends, and all routes through them, go with it. */
async function claim(pid: number, { hostLink, hostAddress, address, podRange, serviceRange }: NodeNetwork): Promise<boolean> {
  const added = await tryRun('ip', ['link', 'add', hostLink, 'type', 'veth', 'peer', 'name', 'host0', 'netns', String(pid)]);
  if (added.code !== 0) {
    if (added.stderr.includes('File exists')) return false;
    throw new Error(`a link to the namespaces of a node cannot be made: ${added.stderr.trim()}`);
  }
  await run('ip', ['address', 'add', `${hostAddress}/30`, 'dev', hostLink]);
  await run('ip', ['link', 'set', hostLink, 'up']);
  for (const range of [podRange, serviceRange]) {
    const route = await tryRun('ip', ['route', 'add', range, 'via', address, 'dev', hostLink, 'src', hostAddress]);
    if (route.code === 0) continue;
    await run('ip', ['link', 'delete', hostLink]);
    return false;
  }
  return true;
}

async function linkInside(pid: number, { address, hostAddress }: NodeNetwork): Promise<void> {
  const script = `
    ip link set lo up
    ip address add ${address}/30 dev host0
    ip link set host0 up
    ip route add default via ${hostAddress}
    sysctl -qw net.ipv4.ip_forward=1`;
  await run(...inNode(pid, 'sh', ['-ec', script]));
}
