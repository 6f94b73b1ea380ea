/** Hosts outside the cluster: network namespaces of their own, behind the node. */
import { existsSync } from 'node:fs';
import { run } from '../command.ts';
import { inNode } from './namespaces.ts';
import type { NodeNetwork } from './network.ts';

/**
 * Makes a host unless it is there. @returns the file of its network namespace, as this machine sees it
 * @throws Error when the address is not an IPv4 address
 */
export async function openOutsideHost(nodePid: number, node: NodeNetwork, address: string): Promise<string> {
  const octets = address.split('.').map(Number);
  if (octets.length !== 4 || !octets.every((octet) => octet >= 0 && octet < 256)) {
    throw new Error(`"${address}" is no address of a host outside: use one such as 198.51.100.7`);
  }
  const path = `/run/netns/outside-${address}`;
  const seenFromHere = `/proc/${nodePid}/root${path}`;
  // The name of a link has 15 characters at most.
  const link = `out${octets.map((octet) => octet.toString(16).padStart(2, '0')).join('')}`;
  if (!existsSync(seenFromHere)) {
    await run(...inNode(nodePid, 'sh', ['-ec', script(`outside-${address}`, link, address, node.address)]));
  }
  return seenFromHere;
}

/** The node answers for its own address on every link, so the host can send everything there. */
function script(name: string, link: string, address: string, nodeAddress: string): string {
  return `
    ip netns add ${name}
    ip link add ${link} type veth peer name eth0 netns ${name}
    ip link set ${link} up
    ip route add ${address}/32 dev ${link} src ${nodeAddress}
    ip -n ${name} link set lo up
    ip netns exec ${name} sysctl -qw net.ipv4.tcp_orphan_retries=1
    ip -n ${name} address add ${address}/32 dev eth0
    ip -n ${name} link set eth0 up
    ip -n ${name} route add ${nodeAddress}/32 dev eth0 src ${address}
    ip -n ${name} route add default via ${nodeAddress} dev eth0 src ${address}`;
}
