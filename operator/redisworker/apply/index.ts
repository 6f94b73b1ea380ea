/** Carries out a plan, stage by stage, and stops at the first that fails. The only place that writes. */
import { configHashKey } from '../../../contract/keys.ts';
import { ClusterError, keyOf, type KubeObject, type Resource, resources } from '../../cluster/cluster.ts';
import { TerminalError, TransientError } from '../../errors.ts';
import { clearStalePid, deleteConfigHash, releaseConfigHash, writeConfigHash } from '../../redis/config-hashes.ts';
import type { UserPlace } from '../../redis/worker-users.ts';
import type { RedisLink } from '../../redis/link.ts';
import type { Action } from '../model/action.ts';
import { mayStillRun, objectRef, uidOf } from '../model/children.ts';
import { consumerLabels } from '../desired/deployment.ts';
import { resourceOfParent } from '../desired/metadata.ts';
import { isManaged } from '../model/belonging.ts';
import { finalizer } from '../model/names.ts';
import type { Observed, ObservedSpec } from '../model/observed.ts';
import { ciliumNotInstalled, hashConflict, notAHash } from '../model/problem.ts';
import { kindOf } from '../work/index.ts';
import type { World } from '../world.ts';
import { describe, eventsOf } from './events.ts';
import { stagesOf } from './stages.ts';

/** What writing needs besides the action. */
interface Writing {
  readonly world: World;
  readonly observed: Observed;
}

/** Actions of one worker that are under way at once: others want their turn as well. */
const sideBySide = 12;

/**
 * Carries out the actions stage by stage, each told in the log and all of them in a few events. After one that fails none
 * is begun.
 * @returns what the first that failed has thrown: TerminalError, TransientError, RedisFault, ClusterError or a bug
 * @throws TransientError when this process may write no more: then the status is another's to tell as well
 */
export async function apply(
  world: World,
  observed: Observed,
  { actions }: { readonly actions: readonly Action[] },
): Promise<unknown> {
  const { object } = observed;
  const worker = keyOf(objectRef(object));
  const done = new Set<Action>();
  const failures: unknown[] = [];
  const one = async (action: Action): Promise<void> => {
    try {
      if (!world.mayWrite()) throw new TransientError('NotLeading', notLeading);
      await carryOut(action, { world, observed });
      done.add(action);
      world.log.info({ worker, why: action.why, what: describe(action) }, 'applied');
    } catch (error) {
      failures.push(error);
    }
  };
  for (const stage of stagesOf(actions)) {
    await eachOf(stage, async (sequence) => {
      for (const action of sequence) if (failures.length === 0) await one(action);
    });
  }
  for (const event of eventsOf(actions.filter((action) => done.has(action)), isNews(object))) {
    world.cluster.record({ regarding: object, type: 'Normal', ...event });
  }
  if (failures.length > 0 && !world.mayWrite()) throw failures[0] as Error;
  return failures[0];
}

/** Some at once, in their order. */
async function eachOf<T>(all: readonly T[], act: (one: T) => Promise<void>): Promise<void> {
  const waiting = all.values();
  await Promise.all(Array.from({ length: Math.min(sideBySide, all.length) }, async () => {
    for (const one of waiting) await act(one);
  }));
}

/** True until a look has carried out what the spec says: what is written before was asked for, later it is a repair. */
function isNews({ metadata: { generation }, status }: KubeObject): boolean {
  return (status as { observedGeneration?: number } | undefined)?.observedGeneration !== generation;
}

const notLeading = 'this operator is stopping or holds the lease no more: the rest is left to the next one';

async function carryOut(action: Action, writing: Writing): Promise<unknown> {
  switch (action.do) {
    case 'setFinalizers':
      return setFinalizers(writing, action.finalizers);
    case 'applyObject':
      return applyObject(writing, action);
    case 'scaleToZero':
      return writing.world.cluster.patch(resources.deployments, action.ref, { spec: { replicas: 0 } }, {
        uid: action.uid,
      });
    case 'deleteObject':
      return writing.world.cluster.delete(action.resource, action.ref, { uid: action.uid });
    default:
      return inRedis(action, writing);
  }
}

type RedisAction = Exclude<Action, { do: 'setFinalizers' | 'applyObject' | 'scaleToZero' | 'deleteObject' }>;

async function inRedis(action: RedisAction, writing: Writing): Promise<unknown> {
  const { world, observed: { spec, children } } = writing;
  if (!spec?.access.ok) throw new Error(`${action.do} was planned without a Redis`);
  const link = world.redis.control(spec.access.value.target);
  switch (action.do) {
    case 'setRedisUser': {
      const { login } = spec.access.value;
      if (login.kind !== 'own') throw new Error('a Redis user was planned for a worker that has none');
      return world.workerUsers.set(placeOf(spec), login.user, action.endsConnections);
    }
    case 'deleteRedisUser':
      return world.workerUsers.delete(placeOf(spec), action.user);
    case 'clearStalePid':
      return clearPid(writing, spec, link, action);
    case 'writeConfigHash':
    case 'deleteConfigHash':
    case 'releaseConfigHash':
      return onHash(action, spec, link);
    case 'changeWork': {
      const { work } = spec.blueprint;
      return kindOf(work).write(link, work, action.step, children.deployments.length > 0);
    }
  }
}

function placeOf({ access, endpoint }: ObservedSpec): UserPlace {
  if (!access.ok || !endpoint.ok) throw new Error('a Redis user was planned without a Redis');
  return { target: access.value.target, servers: endpoint.value.servers };
}

/**
 * Finalizers are a list: only a patch bound to the version we saw cannot lose somebody else's. A worker that is gone
 * has none any more: its last one was released, and the copy has not heard of its end yet. If it was to get one, nothing
 * of it may be written: nobody would clean up.
 */
async function setFinalizers({ world, observed }: Writing, finalizers: readonly string[]): Promise<void> {
  const { namespace, name, uid, resourceVersion } = observed.object.metadata;
  const ref = { ...(namespace === undefined ? {} : { namespace }), name };
  const seen = {
    ...(uid === undefined ? {} : { uid }),
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
  };
  try {
    await world.cluster.patch(resources.redisWorkers, ref, { metadata: { finalizers } }, seen);
  } catch (error) {
    if (!(error instanceof ClusterError && error.reason === 'NotFound')) throw error;
    if (finalizers.includes(finalizer)) throw new ClusterError(404, 'Conflict', `${keyOf(ref)} was deleted in between`);
  }
}

async function applyObject(
  writing: Writing,
  { resource, object, exists }: { resource: Resource; object: KubeObject; exists: boolean },
): Promise<void> {
  const { cluster, following: { runtimeSecrets } } = writing.world;
  const worker = keyOf(objectRef(writing.observed.object));
  const isSecret = resource.kind === resources.secrets.kind;
  try {
    const written = await (exists ? cluster.apply(object, 'redisworker') : createOrTakeBack(writing, resource, object));
    if (isSecret) runtimeSecrets.wrote(worker, written);
  } catch (error) {
    if (isSecret) runtimeSecrets.doubt(worker);
    if (!(error instanceof ClusterError)) throw error;
    const uninstalled = error.reason === 'NotServed' && resource.kind === resources.ciliumNetworkPolicies.kind;
    throw uninstalled ? new TransientError('CiliumNotInstalled', ciliumNotInstalled) : error;
  }
}

/** One that is ours and has lost the label it is followed by is taken back; any other will be seen by the next look. */
async function createOrTakeBack(writing: Writing, resource: Resource, object: KubeObject): Promise<KubeObject> {
  const { cluster } = writing.world;
  try {
    return await cluster.create(object, 'redisworker');
  } catch (error) {
    if (!(error instanceof ClusterError) || error.reason !== 'Conflict') throw error;
    const found = await cluster.get(resource, objectRef(object));
    if (!found) throw error;
    refuseForeign(writing, resource, found);
    if (isManaged(found)) throw error;
    return await cluster.apply(object, 'redisworker');
  }
}

/**
 * An object of the same name that is not ours is never taken over; what a deleted worker leaves goes by itself.
 * @throws TerminalError, TransientError
 */
function refuseForeign({ observed }: Writing, resource: Resource, found: KubeObject): void {
  const { metadata, kind } = observed.object;
  const owners = found.metadata.ownerReferences ?? [];
  if (owners.some(({ uid }) => uid === metadata.uid)) return;
  const named = `${resource.kind} "${keyOf(objectRef(found))}"`;
  if (owners.some((owner) => owner.kind === kind && owner.name === metadata.name)) {
    throw new TransientError(
      'Waiting',
      `waiting for the cluster to remove ${named} of the worker of this name that was deleted`,
    );
  }
  throw new TerminalError(
    'NameConflict',
    `${named} exists and does not belong to this worker: rename or delete it`,
  );
}

/** The live copy may lag behind a pod that has just started: the pods are read afresh before its pid is touched. */
async function clearPid(
  { world }: Writing,
  { blueprint }: ObservedSpec,
  link: RedisLink,
  action: { consumerId: string; pid: string; owner: string | undefined },
): Promise<void> {
  const { parent, keyPrefix } = blueprint;
  const pods = await world.cluster.list(resources.pods, {
    namespace: parent.namespace,
    labels: consumerLabels(parent, action.consumerId),
  });
  if (action.owner !== undefined && pods.some((pod) => uidOf(pod) === action.owner && mayStillRun(pod))) return;
  await clearStalePid(link, configHashKey(keyPrefix, action.consumerId), {
    pid: action.pid,
    ...(action.owner === undefined ? {} : { owner: action.owner }),
  });
}

async function onHash(
  action: Extract<RedisAction, { do: 'writeConfigHash' | 'deleteConfigHash' | 'releaseConfigHash' }>,
  { blueprint }: ObservedSpec,
  link: RedisLink,
): Promise<void> {
  const key = configHashKey(blueprint.keyPrefix, action.consumerId);
  const resource = resourceOfParent(blueprint.parent);
  if (action.do === 'deleteConfigHash') await deleteConfigHash(link, key, resource);
  else if (action.do === 'releaseConfigHash') await releaseConfigHash(link, key, resource);
  else {
    const outcome = await writeConfigHash(link, key, action.fields, action.replaces);
    if (outcome === 'wrongType') throw new TerminalError('WrongRedisType', notAHash(key));
    if (typeof outcome === 'object') {
      const owner = link.target.foreign ? undefined : outcome.conflict;
      throw new TerminalError('HashConflict', hashConflict(key, owner));
    }
  }
}
