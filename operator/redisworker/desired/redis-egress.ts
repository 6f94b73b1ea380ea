/** What a policy opens for the servers of a worker's Redis, and what keeps the worker from them. */
import { formatEntry } from '../network/allow-net/canonical.ts';
import { findService } from '../network/allow-net/cluster-name.ts';
import { denoAllows } from '../network/allow-net/deno-allows.ts';
import { redisEntry } from '../network/allow-net/deno-flags.ts';
import { withMetadataDenied } from '../network/allow-net/deny.ts';
import type { EgressRule } from '../network/allow-net/egress.ts';
import type { NetEntry, Scope } from '../network/allow-net/entry.ts';
import { resolvePublic } from '../network/allow-net/outside.ts';
import type { Topology } from '../network/allow-net/topology.ts';
import { type Approximation, translate } from '../network/allow-net/translate.ts';
import type { RedisServer } from '../network/redis-servers.ts';

/** What the servers are translated against. */
export interface RedisEgressInput {
  readonly redis: readonly RedisServer[];
  readonly scope: Scope;
  readonly deny: Scope;
  readonly allowAll: boolean;
  readonly topology: Topology;
}

/** What one server opens, in either flavor's rules. */
export interface ServerEgress<Rule> {
  readonly rules: readonly Rule[];
  readonly approximations: readonly Approximation[];
}

/** What all servers open together. */
export interface RedisEgress<Rule> extends ServerEgress<Rule> {
  /** Sentences about what keeps the worker from its Redis. */
  readonly problems: readonly string[];
}

/** The servers as rules of a NetworkPolicy. */
export function mirrorRedis(input: RedisEgressInput): RedisEgress<EgressRule> {
  return redisEgress(input, (entry, server) => byAddresses(entry, server, input.topology));
}

/** One server as rules of a NetworkPolicy: its name may resolve to any address. */
export function byAddresses(
  entry: NetEntry,
  { addresses }: RedisServer,
  topology: Topology,
): ServerEgress<EgressRule> {
  return translate([entry], [], { ...topology, outsideAddresses: () => addresses }, {
    ...resolvePublic,
    answers: 'Any',
  });
}

/**
 * Gathers what each server opens. While none is open the reasons are problems: no pod should start. With one that is,
 * pods can begin, and of a set there is always a server that is gone: what is closed then is told as an approximation.
 */
export function redisEgress<Rule>(
  input: RedisEgressInput,
  egressOf: (entry: NetEntry, server: RedisServer) => ServerEgress<Rule>,
): RedisEgress<Rule> {
  const unusable: string[] = [];
  const servers = input.redis.flatMap((server) => {
    const parsed = redisEntry(server);
    if (parsed.ok) return [{ ...egressOf(parsed.entry, server), denied: denials(server, parsed.entry, input) }];
    unusable.push(`the worker's Redis has no usable host: ${parsed.problem}`);
    return [];
  });
  const isOpened = input.allowAll || servers.some(({ rules }) => rules.length > 0);
  const approximations = servers.flatMap((server) => server.approximations);
  return {
    rules: servers.flatMap(({ rules }) => rules),
    approximations: isOpened ? approximations : [],
    problems: [
      ...unusable,
      ...(isOpened ? [] : approximations.map(notReached)),
      ...servers.flatMap(({ denied }) => denied),
    ],
  };
}

function notReached({ entry, reason }: Approximation): string {
  return `the worker's Redis ${entry} cannot be reached: ${reason}`;
}

/** What keeps Deno from a server: denied addresses are final, even for a host that is allowed by name. */
function denials(
  { host, port, addresses }: RedisServer,
  entry: NetEntry,
  { scope, deny, topology }: RedisEgressInput,
): string[] {
  const ref = entry.kind === 'name' ? findService(entry.host, topology) : undefined;
  const serviceAddress = ref && topology.service(ref.namespace, ref.name)?.clusterIP;
  const resolved = serviceAddress === undefined ? addresses : [serviceAddress];
  if (denoAllows([entry], withMetadataDenied(scope, deny), host, port, resolved)) return [];
  return [
    `permissions.denyNet covers the worker's Redis ${
      formatEntry(entry)
    }, which it could never reach: take it out of denyNet`,
  ];
}
