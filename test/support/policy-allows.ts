/** What NetworkPolicy v1 lets out, after its specification: an evaluator of our own, to check the mirror with. */
import { isIn } from '../../operator/redisworker/network/allow-net/address.ts';
import type { NetworkPolicySpec } from '../../operator/redisworker/desired/network-policy.ts';
import type {
  EgressRule,
  LabelSelector,
  Peer,
  PolicyPort,
} from '../../operator/redisworker/network/allow-net/egress.ts';

/** Where a packet goes once every Service address has been replaced by the one behind it. */
export interface Target {
  readonly ip: string;
  readonly port: number;
  readonly protocol: 'TCP' | 'UDP';
  /** The pod that has this address, if one has. */
  readonly pod?: TargetPod;
}

/** What a policy can select a pod by. */
export interface TargetPod {
  readonly labels: Readonly<Record<string, string>>;
  readonly namespaceLabels: Readonly<Record<string, string>>;
  /** Numbers of its named TCP ports. */
  readonly namedPorts?: Readonly<Record<string, number>>;
}

/** True when a pod the policy selects may send to the target. */
export function policyAllows(policy: Pick<NetworkPolicySpec, 'egress'>, target: Target): boolean {
  return policy.egress.some((rule) => allPeers(rule, target) && allPorts(rule, target));
}

function allPeers(rule: Partial<EgressRule>, target: Target): boolean {
  return rule.to === undefined || rule.to.length === 0 || rule.to.some((peer) => selects(peer, target));
}

function allPorts(rule: Partial<EgressRule>, target: Target): boolean {
  return rule.ports === undefined || rule.ports.length === 0 || rule.ports.some((port) => opens(port, target));
}

function selects(peer: Peer, { ip, pod }: Target): boolean {
  if ('ipBlock' in peer) {
    return isIn(peer.ipBlock.cidr, ip) && !(peer.ipBlock.except ?? []).some((cidr) => isIn(cidr, ip));
  }
  return pod !== undefined && carries(pod.labels, peer.podSelector) &&
    carries(pod.namespaceLabels, peer.namespaceSelector);
}

function opens({ protocol, port, endPort }: PolicyPort, target: Target): boolean {
  if (protocol !== target.protocol) return false;
  if (typeof port === 'string') return protocol === 'TCP' && target.pod?.namedPorts?.[port] === target.port;
  return port <= target.port && target.port <= (endPort ?? port);
}

function carries(labels: Readonly<Record<string, string>>, { matchLabels }: LabelSelector): boolean {
  return Object.entries(matchLabels).every(([key, value]) => labels[key] === value);
}
