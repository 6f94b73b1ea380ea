/** Asks a Redis who belongs to it: the servers and Sentinels of a set, the nodes of a Cluster. */
import { formatHostPort, type HostPort } from '../../contract/host-port.ts';
import { noMembers, RedisFault, tooManyMembers } from './fault.ts';
import type { Command } from './command-key.ts';
import type { RedisLink } from './link.ts';
import { type Asked, nodesOfShards, nodesOfSlots, serverOfMaster, serversOfList } from './members.ts';
import { type RedisTarget, sentinelTarget, serverTarget } from './target.ts';

/** Links to single servers. */
export interface ServerLinks {
  control(target: RedisTarget): Pick<RedisLink, 'command'>;
}

/** Servers one Redis may be made of: each is an entry of a policy and of Deno's list. */
export const maxMembers = 256;

/**
 * Everybody the named servers know, together: each of them may have been cut off or begun anew. When none of them
 * answers, those are asked that were found before.
 * @throws RedisFault when nobody answers, or who answers names too many
 */
export async function discoverMembers(
  links: ServerLinks,
  target: RedisTarget,
  known: readonly HostPort[],
): Promise<readonly HostPort[]> {
  const answers = await askAll(links, target, target.hosts);
  const all = answers.some(({ status }) => status === 'fulfilled')
    ? answers
    : [...answers, ...await askAll(links, target, known)];
  const members = new Map<string, HostPort>();
  for (const answer of all) {
    if (answer.status === 'fulfilled') answer.value.forEach((member) => members.set(formatHostPort(member), member));
  }
  if (members.size === 0) throw faultOf(all, target);
  if (members.size > maxMembers) throw tooManyMembers(target, maxMembers);
  return [...members.values()];
}

/** The first refusal, or that those who answered named nobody. */
function faultOf(answers: readonly PromiseSettledResult<unknown>[], target: RedisTarget): unknown {
  const refusals = answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason as unknown] : []));
  return refusals[0] ?? noMembers(target);
}

function askAll(
  links: ServerLinks,
  target: RedisTarget,
  servers: readonly HostPort[],
): Promise<PromiseSettledResult<readonly HostPort[]>[]> {
  const { topology, tls } = target;
  const isSentinel = topology.kind === 'Sentinel';
  return Promise.allSettled(servers.map((server) => {
    const link = links.control(isSentinel ? sentinelTarget(target, server) : serverTarget(target, server));
    const ask = (...command: Command) => link.command(...command);
    return isSentinel
      ? askSentinel(ask, topology.masterName)
      : askNode(ask, { host: server.host, tls: tls !== undefined });
  }));
}

type Ask = (...command: Command) => Promise<unknown>;

/** A user that may not ask for everybody gets those it may ask for; the master is the least. */
async function askSentinel(ask: Ask, masterName: string): Promise<HostPort[]> {
  const master = serverOfMaster(await ask('SENTINEL', 'MASTER', masterName));
  const others = await Promise.all([
    permitted(ask('SENTINEL', 'REPLICAS', masterName)),
    permitted(ask('SENTINEL', 'SENTINELS', masterName)),
  ]);
  return [...master, ...others.flatMap(serversOfList)];
}

/** Shards tell of nodes without slots as well; servers before 7.0, and users with few rights, have slots alone. */
async function askNode(ask: Ask, asked: Asked): Promise<HostPort[]> {
  try {
    return nodesOfShards(await ask('CLUSTER', 'SHARDS'), asked);
  } catch (error) {
    if (!(error instanceof RedisFault) || error.loss !== undefined) throw error;
    return nodesOfSlots(await ask('CLUSTER', 'SLOTS'), asked);
  }
}

async function permitted(reply: Promise<unknown>): Promise<unknown> {
  try {
    return await reply;
  } catch (error) {
    if (error instanceof RedisFault && error.code === 'RedisNoPermission') return [];
    throw error;
  }
}
