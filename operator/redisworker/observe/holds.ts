/** What workers made in the same second hold of what they share. Asked of them alone, one by one and alike. Reads, and nothing else. */
import { resourceOf } from '../../../contract/config-hash.ts';
import { configHashKey } from '../../../contract/keys.ts';
import { parseRedisWorker, type RedisWorker } from '../../api/redisworker.ts';
import type { KubeObject } from '../../cluster/cluster.ts';
import { readConfigHashes } from '../../redis/config-hashes.ts';
import { RedisFault } from '../../redis/fault.ts';
import type { RedisLink } from '../../redis/link.ts';
import { childrenIn } from '../model/belonging.ts';
import { consumerIdOf } from '../model/children.ts';
import { declaredIds } from '../model/consumers.ts';
import { type Hold, holdsNothing } from '../plan/seniority.ts';
import { kindOf } from '../work/index.ts';
import type { World } from '../world.ts';
import { blueprintOf } from './blueprint.ts';

type Around = Pick<World, 'following' | 'defaults'>;

/** Looks at what each of the workers holds. @param link to the Redis they share; undefined when none is reached */
export async function observeHolds(
  world: Around,
  link: RedisLink | undefined,
  workers: readonly KubeObject[],
): Promise<(uid: string | undefined) => Hold> {
  const holds = new Map<string | undefined, Hold>();
  for (const object of workers) holds.set(object.metadata.uid, await holdOf(world, link, object));
  return (uid) => holds.get(uid) ?? holdsNothing;
}

async function holdOf(world: Around, link: RedisLink | undefined, object: KubeObject): Promise<Hold> {
  const deployments = childrenIn(world.following.copies.deployments, object.metadata);
  const parsed = parseRedisWorker(object);
  const inRedis = link === undefined || !parsed.ok
    ? holdsNothing
    : await heldInRedis(world, link, parsed.worker, deployments.flatMap((one) => consumerIdOf(one) ?? []));
  return { ...inRedis, deployment: deployments.length > 0 };
}

/** What Redis does not tell, nobody holds by it. */
async function heldInRedis(
  { defaults }: Around,
  link: RedisLink,
  worker: RedisWorker,
  made: readonly string[],
): Promise<Pick<Hold, 'group' | 'hash'>> {
  const { blueprint: { work, keyPrefix, consumers, parent } } = blueprintOf(worker, defaults);
  const resource = resourceOf(parent.namespace, parent.name, parent.uid);
  const keys = [...new Set([...declaredIds(consumers), ...made])].map((id) => configHashKey(keyPrefix, id));
  try {
    const [{ owner }, hashes] = await Promise.all([
      kindOf(work).observe(link, work),
      readConfigHashes(link, keys),
    ]);
    const isOurs = [...hashes.values()].some((hash) => typeof hash === 'object' && hash['resource'] === resource);
    return { group: owner === resource, hash: isOurs };
  } catch (error) {
    if (error instanceof RedisFault) return holdsNothing;
    throw error;
  }
}
