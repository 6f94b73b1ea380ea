/** The addresses of a node: each of the few that may run at once on this machine has ranges of its own. */
import type { Reach } from '../control-plane/arguments.ts';

/** How many nodes this machine can have at once. */
export const slots = 8;

/** Host outside the cluster that its DNS asks for every name that is not the cluster's: a test may run a DNS server there. */
export const upstreamDns = '198.51.100.53';

/** Addresses and names of one node. */
export interface NodeNetwork extends Reach {
  readonly slot: number;
  /** The node's own address, of the API server too. */
  readonly address: string;
  /** This machine's end of the link: off the node, as far as policies are concerned. */
  readonly hostAddress: string;
  /** Name of this machine's end of the link. */
  readonly hostLink: string;
  /** Range of this node's pods, out of the cluster's. */
  readonly nodePodRange: string;
  /** Address of the cluster's DNS. */
  readonly dnsAddress: string;
}

/** What slot n (from 0) uses. */
export function networkOf(slot: number): NodeNetwork {
  return {
    slot,
    address: `10.99.${slot}.1`,
    hostAddress: `10.99.${slot}.2`,
    hostLink: `rwnode${slot}`,
    published: true,
    serviceRange: `10.${96 - slot}.0.0/16`,
    serviceAddress: `10.${96 - slot}.0.1`,
    dnsAddress: `10.${96 - slot}.0.10`,
    podRange: `10.${244 - slot}.0.0/16`,
    // The first node of a cluster gets the first /24.
    nodePodRange: `10.${244 - slot}.0.0/24`,
  };
}
