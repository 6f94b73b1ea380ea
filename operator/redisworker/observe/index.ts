/** Looks at a worker and everything around it. Reads, and nothing else. */
import { configHashKey } from '../../../contract/keys.ts';
import { type ParsedRedisWorker, parseRedisWorker, readStatus, type RedisWorker } from '../../api/redisworker.ts';
import { salvaged } from '../../api/salvage.ts';
import { keyOf, type KubeObject, type ObjectMeta, refOf } from '../../cluster/cluster.ts';
import { readConfigHashes } from '../../redis/config-hashes.ts';
import { RedisFault } from '../../redis/fault.ts';
import { addCounts } from '../../redis/response-counts.ts';
import { aesKeyOf } from '../desired/runtime-secret.ts';
import { childrenIn, isManaged } from '../model/belonging.ts';
import type { Blueprint, Defaults } from '../model/blueprint.ts';
import { consumerIdOf, isPodOf } from '../model/children.ts';
import { finalizer, runtimeSecretName } from '../model/names.ts';
import type {
  Children,
  Observed,
  ObservedSpec,
  RedisAccess,
  RedisEndpoint,
  RedisObservation,
  Referred,
  Rival,
} from '../model/observed.ts';
import { type Problem, type Resolved, terminal } from '../model/problem.ts';
import { foreignKeys } from '../plan/key-claims.ts';
import { holderOf, rivalOf, twinsOf } from '../plan/rival.ts';
import { type Around, wantedOf } from '../plan/wanted.ts';
import type { WorkView } from '../model/work.ts';
import type { Following } from '../follow/index.ts';
import { kindOf } from '../work/index.ts';
import type { World } from '../world.ts';
import { blueprintOf, type Draft } from './blueprint.ts';
import { observeHolds } from './holds.ts';
import { observeRedisPlace } from './redis-place.ts';
import { readReferences } from './references.ts';
import { orForbidden } from './read-named.ts';
import { tallyFrom } from './tally-from-status.ts';

/** Milliseconds after which a deletion no longer waits for a Redis that does not answer: five minutes. */
const abandonRedisAfterMs = 300_000;

/** One look at the worker `key` (`namespace/name`); undefined when there is none. @throws ClusterError */
export async function observe(world: World, key: string): Promise<Observed | undefined> {
  const object = world.following.copies.workers.get(refOf(key));
  if (!object) return undefined;
  const now = world.clock.now();
  const parsed = parsedOnce(object);
  const referred: Referred[] = [];
  const isCilium = parsed.ok && parsed.worker.spec.networkPolicy.flavor === 'Cilium';
  const { children, hidden } = await observeChildren(world, object, isCilium);
  const aesKey = (children.runtimeSecret && aesKeyOf(children.runtimeSecret)) ?? world.freshKey();
  const past = {
    responses: world.following.responses.tally(key) ?? tallyFrom(readStatus(object)),
    needs: world.following.scaling.needs(key),
  };
  const looking = { key, object, children, aesKey, referred, hidden, past };
  const worker = parsed.ok ? parsed.worker : isBeingDeleted(object) ? salvaged(object) : undefined;
  const spec = worker && await observeSpec(world, worker, looking);
  return {
    now,
    object,
    spec,
    unreadable: parsed.ok ? [] : parsed.problems.map((text) => terminal('InvalidSpec', text)),
    children,
    referred,
    aesKey,
    ...looking.past,
    responses: withCounts(world, looking, spec?.redis),
    canaryProblem: world.canaryProblem(),
    abandonRedis: spec?.redis.kind === 'fault' && isOverdue(object, now),
  };
}

/** What was counted of the responses, with what the workers have counted themselves. */
function withCounts(
  { following, clock }: World,
  { key, past: { responses } }: Looking,
  redis: RedisObservation | undefined,
): Observed['responses'] {
  const counts = redis?.kind === 'answered' ? redis.work.counts ?? [] : [];
  return counts.length === 0
    ? responses
    : following.responses.count(key, counts) ?? addCounts(responses, counts, clock.now());
}

/** A live copy holds the same object until it changes, and between two changes there may be many looks. */
const parses = new WeakMap<KubeObject, WeakRef<ParsedRedisWorker>>();

function parsedOnce(object: KubeObject): ParsedRedisWorker {
  const known = parses.get(object)?.deref();
  if (known !== undefined) return known;
  const { apiVersion, kind, metadata, spec } = object;
  const parsed = parseRedisWorker({ apiVersion, kind, metadata, spec });
  parses.set(object, new WeakRef(parsed));
  keepRecent(parsed);
  return parsed;
}

/** What was parsed last, and what was made of it, is needed again soon: a worker that comes up is looked at often. */
const recent: ParsedRedisWorker[] = [];
const mostRecent = 64;
let nextRecent = 0;

function keepRecent(parsed: ParsedRedisWorker): void {
  recent[nextRecent] = parsed;
  nextRecent = (nextRecent + 1) % mostRecent;
}

/** What a worker that was parsed asks for, as long as that is remembered. */
const drafts = new WeakMap<RedisWorker, { readonly defaults: Defaults; readonly draft: Draft }>();

function draftOf(worker: RedisWorker, defaults: Defaults): Draft {
  const known = drafts.get(worker);
  if (known?.defaults === defaults) return known.draft;
  const draft = blueprintOf(worker, defaults);
  drafts.set(worker, { defaults, draft });
  return draft;
}

interface Looking {
  readonly key: string;
  readonly object: KubeObject;
  readonly children: Children;
  readonly aesKey: string;
  readonly referred: Referred[];
  /** What of our own could not be looked at: nothing is written without having seen it. */
  readonly hidden: readonly Problem[];
  /** What was seen before. */
  readonly past: Pick<Observed, 'responses' | 'needs'>;
}

async function observeSpec(world: World, worker: RedisWorker, looking: Looking): Promise<ObservedSpec> {
  const { children, key, referred, aesKey } = looking;
  const { blueprint, problems } = draftOf(worker, world.defaults);
  const references = await readReferences(world, {
    object: looking.object,
    blueprint,
    aesKey,
    referred,
    configMaps: children.configMaps,
  });
  const near = world.following.workers.near(looking.object);
  const claims = foreignKeys(looking.object, near);
  const place = await observeRedisPlace(world, {
    key,
    blueprint,
    foreignKeys: claims,
    referred,
    policies: children.networkPolicies,
    object: looking.object,
    runtimeSecret: children.runtimeSecret,
  });
  const { surroundings, endpoint, access } = place;
  const redis: RedisObservation = access.ok
    ? await observeRedis(
      world,
      blueprint,
      { ...access.value, servers: endpoint.ok ? endpoint.value.servers : [] },
      (work) => rememberedIds(blueprint, work, { now: world.clock.now(), children, ...looking.past }),
    )
    : { kind: 'fault', reason: access.problem.reason, message: access.problem.message };
  return {
    blueprint,
    problems: [...problems, ...looking.hidden],
    rival: await observeRival(world, worker, near, { object: looking.object, access, redis }),
    foreignKeys: claims,
    ...references,
    topology: surroundings.topology,
    resolved: surroundings.resolved,
    members: place.members,
    asksMembersOf: place.asks,
    outsideHosts: surroundings.outsideHosts,
    endpoint,
    access,
    redis,
  };
}

interface Rivalry extends Pick<ObservedSpec, 'access' | 'redis'> {
  readonly object: KubeObject;
}

/** Whoever goes first by age or, where that does not tell, by what it holds. */
async function observeRival(
  world: World,
  worker: RedisWorker,
  near: readonly KubeObject[],
  { object, access, redis }: Rivalry,
): Promise<Rival | undefined> {
  const { defaults: { redisUrl }, following: { workers } } = world;
  const twins = twinsOf(object, near, redisUrl);
  const link = access.ok && redis.kind === 'answered' ? world.redis.control(access.value.target) : undefined;
  const holdOf = twins.length === 0 ? undefined : await observeHolds(world, link, [object, ...twins]);
  const elder = rivalOf(worker, near, redisUrl, holdOf);
  if (elder !== undefined || redis.kind !== 'answered') return elder;
  return holderOf(worker, workers.holding(redis.work.owner), redisUrl, redis.work.owner);
}

async function observeRedis(
  world: World,
  blueprint: Blueprint,
  { target, servers, login }: RedisAccess & Pick<RedisEndpoint, 'servers'>,
  idsOf: (work: WorkView) => readonly string[],
): Promise<RedisObservation> {
  const link = world.redis.control(target);
  try {
    const work = await kindOf(blueprint.work).observe(link, blueprint.work);
    const all = [...new Set([...idsOf(work), ...work.members.map(({ id }) => id)])];
    const keys = all.map((id) => configHashKey(blueprint.keyPrefix, id));
    const [hashes, user] = await Promise.all([
      readConfigHashes(link, keys),
      login.kind === 'own' ? world.workerUsers.state({ target, servers }, login.user) : undefined,
    ]);
    return { kind: 'answered', work, isTold: link.isTold, ids: all, hashes, user };
  } catch (error) {
    if (!(error instanceof RedisFault)) throw error;
    return { kind: 'fault', reason: error.code, message: error.message };
  }
}

/** Ids there should be, and ids a Deployment or pod remembers. */
function rememberedIds(blueprint: Blueprint, work: WorkView, around: Around): string[] {
  const { children } = around;
  const remembered = [...children.deployments, ...children.pods].map(consumerIdOf).filter((id) => id !== undefined);
  return [...new Set([...wantedOf(blueprint, work, around).kept, ...remembered])];
}

/** The children as they are, and why some of them cannot be seen. */
async function observeChildren(
  { following }: World,
  { metadata }: KubeObject,
  isCilium: boolean,
): Promise<{ children: Children; hidden: readonly Problem[] }> {
  const { copies, ciliumPolicies } = following;
  const { namespace = 'default', name, uid = '' } = metadata;
  const secret = await readRuntimeSecret(following, metadata);
  const cilium = await ciliumPolicies.of(metadata, isCilium);
  const runtimeSecret = secret.ok ? secret.value : undefined;
  const isOurs = runtimeSecret?.metadata.ownerReferences?.some((owner) => owner.uid === uid) === true;
  return {
    hidden: [secret, cilium].flatMap((seen) => (seen.ok ? [] : [seen.problem])),
    children: {
      deployments: childrenIn(copies.deployments, metadata),
      pods: copies.pods.grouped(keyOf({ namespace, name })).filter((pod) => isPodOf(name, pod)),
      networkPolicies: [...childrenIn(copies.networkPolicies, metadata), ...(cilium.ok ? cilium.value : [])],
      configMaps: childrenIn(copies.configMaps, metadata),
      services: childrenIn(copies.services, metadata).filter(isManaged),
      // A Secret of that name that somebody else made is not a child: applying ours then tells the conflict.
      runtimeSecret: isOurs ? runtimeSecret : undefined,
    },
  };
}

/** Before the finalizer is set nothing of a worker exists: one that is new is not asked about. */
async function readRuntimeSecret(
  { runtimeSecrets }: Following,
  { namespace = 'default', name, finalizers, deletionTimestamp }: ObjectMeta,
): Promise<Resolved<KubeObject | undefined>> {
  if (deletionTimestamp === undefined && finalizers?.includes(finalizer) !== true) {
    return { ok: true, value: undefined };
  }
  const ref = { namespace, name: runtimeSecretName(name) };
  return orForbidden(() => runtimeSecrets.read(keyOf({ namespace, name }), ref));
}

function isBeingDeleted({ metadata }: KubeObject): boolean {
  return metadata.deletionTimestamp !== undefined;
}

function isOverdue({ metadata }: KubeObject, now: number): boolean {
  return metadata.deletionTimestamp !== undefined && now - Date.parse(metadata.deletionTimestamp) > abandonRedisAfterMs;
}
