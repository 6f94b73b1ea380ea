/** Looks at a worker and everything around it. The only place that reads. */
import { configHashKey } from '../../../contract/keys.ts';
import { parseRedisWorker, type RedisWorker } from '../../api/redisworker.ts';
import { type KubeObject, refOf, resources } from '../../cluster/cluster.ts';
import { readConfigHashes } from '../../redis/config-hashes.ts';
import { RedisFault } from '../../redis/fault.ts';
import type { RedisTarget } from '../../redis/target.ts';
import { type Blueprint, blueprintOf } from '../model/blueprint.ts';
import { consumerIdOf } from '../model/children.ts';
import { aesKeyOf } from '../desired/runtime-secret.ts';
import { annotations, runtimeSecretName } from '../model/names.ts';
import type { Children, Observed, ObservedSpec, RedisObservation } from '../model/observed.ts';
import { observeAccess } from './redis-access.ts';
import { observeNet } from './surroundings.ts';
import { type Problem, terminal } from '../model/problem.ts';
import { readNamed, readReferences, type Used } from './references.ts';
import { rivalOf } from '../plan/rival.ts';
import { tallyFrom } from './tally-from-status.ts';
import { streamWork } from '../work/stream/index.ts';
import type { World } from '../world.ts';

/** Milliseconds after which a deletion no longer waits for a Redis that does not answer: five minutes. */
const abandonRedisAfterMs = 300_000;

/** One look at the worker `key` (`namespace/name`); undefined when there is none. @throws ClusterError */
export async function observe(world: World, key: string): Promise<Observed | undefined> {
  const object = world.copies.workers.get(refOf(key));
  if (!object) return undefined;
  const parsed = parseRedisWorker(object);
  const used: Used = [];
  const secret = await readNamed(world, { key, used }, {
    resource: resources.secrets,
    ref: { ...refOf(key), name: runtimeSecretName(object.metadata.name) },
  });
  const cilium = parsed.ok && parsed.worker.spec.networkPolicy.flavor === 'Cilium'
    ? await world.ciliumPolicies.open()
    : undefined;
  const children = childrenOf(world, object, secret.ok ? secret.value : undefined);
  const aesKey = (children.runtimeSecret && aesKeyOf(children.runtimeSecret)) ?? world.freshKey();
  const seen = parsed.ok
    ? await observeSpec(world, {
      key,
      worker: parsed.worker,
      children,
      aesKey,
      used,
      refused: [...(secret.ok ? [] : [secret.problem]), ...(cilium ? [cilium] : [])],
    })
    : { problems: parsed.problems.map((text) => terminal('InvalidSpec', text)) };
  world.references.keepOnly(key, used);
  const spec = 'spec' in seen ? seen.spec : undefined;
  return {
    now: world.clock.now(),
    object,
    spec,
    unreadable: seen.problems,
    children,
    aesKey,
    responses: parsed.ok && spec ? world.responses.tally(key) : undefined,
    canaryProblem: world.canaryProblem(),
    abandonRedis: spec?.redis.kind === 'fault' && isOverdue(object, world.clock.now()),
  };
}

interface Looking {
  readonly key: string;
  readonly worker: RedisWorker;
  readonly children: Children;
  readonly aesKey: string;
  readonly used: Used;
  /** What of our own could not be looked at: nothing is written without having seen it. */
  readonly refused: readonly Problem[];
}

async function observeSpec(
  world: World,
  looking: Looking,
): Promise<{ spec?: ObservedSpec; problems: readonly Problem[] }> {
  const { worker, children, key } = looking;
  const { blueprint, problems } = blueprintOf(worker, world.defaults);
  if (!blueprint) return { problems };
  const { used } = looking;
  const references = await readReferences(world, { key, blueprint, aesKey: looking.aesKey, used });
  const surroundings = await observeNet(world, { key, blueprint, used, policies: children.networkPolicies });
  const access = await observeAccess(world, { key, blueprint, surroundings, used });
  const redis: RedisObservation = access.ok
    ? await observeRedis(world, blueprint, access.value.target, idsIn(children, blueprint))
    : { kind: 'fault', reason: access.problem.reason, message: access.problem.message };
  if (access.ok) world.responses.follow(key, access.value.target, blueprint.stream.response, tallyFrom(worker.status));
  return {
    problems: [],
    spec: {
      blueprint,
      problems: [...problems, ...looking.refused],
      rival: rivalOf(worker, world.copies.workers.list(), world.defaults.redisUrl),
      ...references,
      topology: surroundings.topology,
      resolved: surroundings.resolved,
      access,
      redis,
      hashIds: redis.kind === 'answered' ? idsIn(children, blueprint, redis) : [],
    },
  };
}

async function observeRedis(
  world: World,
  blueprint: Blueprint,
  target: RedisTarget,
  ids: readonly string[],
): Promise<RedisObservation> {
  const link = world.redis.control(target);
  try {
    const work = await streamWork.observe(link, blueprint);
    const all = [...new Set([...ids, ...work.members.map(({ id }) => id)])];
    return {
      kind: 'answered',
      work,
      hashes: await readConfigHashes(link, all.map((id) => configHashKey(blueprint.type, id))),
    };
  } catch (error) {
    if (!(error instanceof RedisFault)) throw error;
    return { kind: 'fault', reason: error.code, message: error.message };
  }
}

/** Wanted ids, ids a Deployment or pod remembers, and members of the group. */
function idsIn(
  children: Children,
  blueprint: Blueprint,
  redis?: Extract<RedisObservation, { kind: 'answered' }>,
): string[] {
  const remembered = [...children.deployments, ...children.pods].map(consumerIdOf).filter((id) => id !== undefined);
  return [...new Set([...blueprint.consumerIds, ...remembered, ...(redis?.work.members.map(({ id }) => id) ?? [])])];
}

function childrenOf(
  { copies, ciliumPolicies }: World,
  { metadata }: KubeObject,
  secret: KubeObject | undefined,
): Children {
  const uid = metadata.uid ?? '';
  const isOurs = secret?.metadata.ownerReferences?.some((owner) => owner.uid === uid) === true;
  const isOfWorker = (pod: KubeObject) => pod.metadata.annotations?.[annotations.worker] === metadata.name;
  return {
    deployments: copies.deployments.ownedBy(uid),
    pods: copies.pods.list(metadata.namespace).filter(isOfWorker),
    networkPolicies: [...copies.networkPolicies.ownedBy(uid), ...ciliumPolicies.ownedBy(uid)],
    configMaps: copies.configMaps.ownedBy(uid),
    // A Secret of that name that somebody else made is not a child: applying ours then tells the conflict.
    runtimeSecret: isOurs ? secret : undefined,
  };
}

function isOverdue({ metadata }: KubeObject, now: number): boolean {
  return metadata.deletionTimestamp !== undefined && now - Date.parse(metadata.deletionTimestamp) > abandonRedisAfterMs;
}
