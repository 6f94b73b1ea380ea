/** Where a worker's Redis is, who belongs to it, and how it is logged in to; and the network around all that. */
import { formatHostPort, type HostPort } from '../../../contract/host-port.ts';
import type { KubeObject } from '../../cluster/cluster.ts';
import type { RedisTarget } from '../../redis/target.ts';
import type { Blueprint } from '../model/blueprint.ts';
import { annotations } from '../model/names.ts';
import type { ForeignKey, RedisAccess, RedisEndpoint, Referred } from '../model/observed.ts';
import { missing, type Problem, type Resolved } from '../model/problem.ts';
import { topologyOf } from '../model/redis-url.ts';
import { decodeRoster, encodeRoster } from '../network/redis-roster.ts';
import { canonicalServers } from '../network/redis-servers.ts';
import type { World } from '../world.ts';
import { endpointOf, judgedMembers, namedServers, observeAccess } from './redis-access.ts';
import { type NetSurroundings, observeNet } from './surroundings.ts';

/** What one look has found. */
export interface RedisPlace {
  readonly surroundings: NetSurroundings;
  readonly endpoint: Resolved<RedisEndpoint>;
  readonly access: Resolved<RedisAccess>;
  /** The members that were discovered, as the policy is to remember them. */
  readonly members: string | undefined;
  /** Whom to go on asking for members; undefined where there are none to ask for. */
  readonly asks: RedisTarget | undefined;
}

interface Looking {
  readonly key: string;
  readonly blueprint: Blueprint;
  readonly referred: Referred[];
  readonly policies: readonly KubeObject[];
  /** What the spec names that is another worker's. */
  readonly foreignKeys: readonly ForeignKey[];
  /** The worker, and the Secret that remembers its password. */
  readonly object: KubeObject;
  readonly runtimeSecret: KubeObject | undefined;
}

/** Looks at the servers that are named and at the members they know. @throws ClusterError */
export async function observeRedisPlace(world: World, looking: Looking): Promise<RedisPlace> {
  const { key, blueprint: { redisUrl } } = looking;
  if (redisUrl === undefined || !hasMembers(redisUrl)) return await placeWith(world, looking, []);
  const { redisMembers } = world.following;
  const known = redisMembers.known(key, redisUrl, () => remembered(looking.policies, redisUrl));
  const place = await placeWith(world, looking, known);
  if (place.asks === undefined) {
    return known.length > 0 || place.access.ok ? place : unknown(place, place.access.problem);
  }
  const { members, fault } = await redisMembers.look(key, place.asks);
  if (members.length === 0 && fault) return unknown(place, missing(fault.code, fault.message));
  return textOf(members) === textOf(known) ? place : await placeWith(world, looking, members);
}

/** Nothing is opened or closed by a list that nobody has ever confirmed. */
function unknown(place: RedisPlace, problem: Problem): RedisPlace {
  return { ...place, endpoint: { ok: false, problem } };
}

async function placeWith(world: World, looking: Looking, members: readonly HostPort[]): Promise<RedisPlace> {
  const { blueprint } = looking;
  const named = namedServers(blueprint.redisUrl);
  const surroundings = await observeNet(world, { ...looking, redis: canonicalServers([...named, ...members]) });
  const { topology, redis } = surroundings;
  const { servers, refusal } = judgedMembers(world, { blueprint, topology, named, servers: redis });
  const endpoint = endpointOf(blueprint, servers);
  const access = await observeAccess(world, { ...looking, endpoint, topology });
  return {
    surroundings,
    endpoint,
    access: access.ok && refusal ? { ok: false, problem: refusal } : access,
    members: blueprint.redisUrl === undefined ? undefined : encodeRoster(blueprint.redisUrl, members),
    asks: access.ok && hasMembers(blueprint.redisUrl ?? '') ? access.value.target : undefined,
  };
}

function hasMembers(redisUrl: string): boolean {
  return topologyOf(redisUrl).kind !== 'Standalone';
}

/** What the policies of the worker remember of this Redis. */
function remembered(policies: readonly KubeObject[], redisUrl: string): HostPort[] {
  return policies.flatMap(({ metadata }) => decodeRoster(metadata.annotations?.[annotations.members], redisUrl));
}

function textOf(members: readonly HostPort[]): string {
  return members.map(formatHostPort).join();
}
