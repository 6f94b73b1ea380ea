/** The pair of interfaces between a node and this machine, with the routes through it. */
import { existsSync } from 'node:fs';
import { run, tryRun } from '../command.ts';
import { eventually } from '../wait.ts';
import { inNode } from './namespaces.ts';
import { networkOf, type NodeNetwork, slots } from './network.ts';

/**
 * Links namespaces, by a process in them, with this machine and takes the first free slot: a name that is taken belongs
 * to another node, a route to somebody else.
 * @throws Error when there are as many nodes as this machine can have, or the kernel refuses
 */
export async function link(pid: number): Promise<NodeNetwork> {
  for (let slot = 0; slot < slots; slot++) {
    const network = networkOf(slot);
    if (await claim(pid, network)) {
      await linkInside(pid, network);
      return network;
    }
  }
  throw new Error(
    `all ${slots} address ranges for nodes are taken: stop a node, or see "ip route" for who else uses 10.99.0.0/16`,
  );
}

/** The peer is born in the node's namespace, so that both ends, and all routes through them, go with it. */
async function claim(
  pid: number,
  { hostLink, hostAddress, address, podRange, serviceRange }: NodeNetwork,
): Promise<boolean> {
  const added = await tryRun('ip', [
    'link',
    'add',
    hostLink,
    'type',
    'veth',
    'peer',
    'name',
    'host0',
    'netns',
    String(pid),
  ]);
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

/** A connection whose other end is gone keeps the kernel from removing a network: it is given up soon. */
async function linkInside(pid: number, { address, hostAddress }: NodeNetwork): Promise<void> {
  const script = `
    ip link set lo up
    ip address add ${address}/30 dev host0
    ip link set host0 up
    ip route add default via ${hostAddress}
    sysctl -qw net.ipv4.ip_forward=1 net.ipv4.tcp_orphan_retries=1`;
  await run(...inNode(pid, 'sh', ['-ec', script]));
}

/**
 * Removes this machine's end of the link; its routes and the other end go with it. The kernel may be at it by itself, for
 * the namespace has ended: what it answers then depends on the moment, so only what is left counts.
 * @throws Error when the link is still there at the deadline
 */
export async function unlink(hostLink: string): Promise<void> {
  await eventually(`${hostLink} is gone`, async () => {
    const { stderr } = await tryRun('ip', ['link', 'delete', hostLink]);
    if (existsSync(`/sys/class/net/${hostLink}`)) throw new Error(stderr.trim());
    return true;
  });
}
