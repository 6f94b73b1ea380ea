/** What lives between two looks: live copies, watches, names kept resolved, responses counted. It only ever enqueues a key. */
import { configHashKey, keyPrefix } from '../../../contract/keys.ts';
import type { Clock } from '../../clock.ts';
import type { Cluster } from '../../cluster/cluster.ts';
import type { LookUp } from '../../dns/lookup.ts';
import type { CodeResolver } from '../../code/resolver.ts';
import type { RedisConnections } from '../../redis/connections.ts';
import { discoverMembers } from '../../redis/discovery.ts';
import { examine } from '../../redis/doctor/index.ts';
import { type Need, newsNeeds, userNeeds } from '../../redis/doctor/rights.ts';
import { KeyWatch } from '../../redis/key-watch.ts';
import { ResponseReader } from '../../redis/response-reader.ts';
import { parseRedisUrl, type RedisTarget } from '../../redis/target.ts';
import type { Blueprint } from '../model/blueprint.ts';
import type { Observed, ObservedSpec, PodLogin } from '../model/observed.ts';
import { isComingUp } from '../model/children.ts';
import { declaredIds } from '../model/consumers.ts';
import { kindOf } from '../work/index.ts';
import type { WorkerUsers } from '../../redis/worker-users.ts';
import { type Enqueue, enqueueChanges, enqueueOwners } from './changes.ts';
import { CiliumPolicies } from './cilium-policies.ts';
import { type LiveCopies, liveCopies } from './copies.ts';
import { IdleStreams } from './idle-streams.ts';
import { OutsideNames } from './outside-names.ts';
import { RedisDoctor } from './redis-doctor.ts';
import { RedisMembers, type RedisMembersOptions } from './redis-members.ts';
import { RedisUsers } from './redis-users.ts';
import { References } from './references.ts';
import { RuntimeSecrets } from './runtime-secrets.ts';
import { Scaling } from './scaling.ts';
import { StatusPace } from './status-pace.ts';
import { WorkerIndex } from './worker-index.ts';

/** Milliseconds for connecting to a Redis that is examined, and for each command. */
const examineMs = 5000;

/** An idle worker is looked at as soon as one of its keys changes, and at most this often, in milliseconds. */
const keysEveryMs = 2000;

/** Everything that is followed, for all workers. */
export interface Following {
  readonly copies: LiveCopies;
  /** All workers, by what they may share. */
  readonly workers: WorkerIndex;
  /** What workers refer to by name or by label. */
  readonly references: References;
  readonly runtimeSecrets: RuntimeSecrets;
  readonly statusPace: StatusPace;
  readonly ciliumPolicies: CiliumPolicies;
  readonly outsideNames: OutsideNames;
  readonly redisMembers: RedisMembers;
  readonly responses: ResponseReader;
  /** What was read of each worker in Redis. */
  readonly redisKeys: KeyWatch;
  readonly redisUsers: RedisUsers;
  readonly redisDoctor: RedisDoctor;
  readonly scaling: Scaling;
  readonly idleStreams: IdleStreams;
  /** Resolves code from elsewhere; undefined where nobody does. */
  readonly code: CodeResolver | undefined;
}

/** What following starts from. */
export interface FollowOptions {
  readonly cluster: Cluster;
  /** Only this namespace; all when undefined. */
  readonly namespace: string | undefined;
  readonly redis: RedisConnections;
  /** The users workers have on the default Redis. */
  readonly workerUsers: WorkerUsers;
  /** Redis of workers that name none. */
  readonly defaultRedisUrl: string | undefined;
  /** The login for it. */
  readonly defaultLogin: () => Pick<RedisTarget, 'username' | 'password' | 'tls'>;
  /** Asks DNS for names outside the cluster. */
  readonly lookUp: LookUp;
  /** Asks a Redis who belongs to it, in another way than over `redis`. */
  readonly discover?: RedisMembersOptions['discover'] | undefined;
  /** Resolves code from elsewhere; without it a worker whose code is there is refused. */
  readonly code?: CodeResolver | undefined;
  readonly clock: Clock;
  /** How often a worker is looked at for its counters, in milliseconds. */
  readonly countersEveryMs: number;
  readonly enqueue: Enqueue;
}

/** Opens the live copies and what else serves all workers. */
export function startFollowing(options: FollowOptions): Following {
  const { cluster, namespace, clock } = options;
  const runtimeSecrets = new RuntimeSecrets({ cluster, clock, enqueue: options.enqueue });
  const enqueue: Enqueue = (key, why) => {
    if (why === 'AsksAnew') runtimeSecrets.doubt(key);
    options.enqueue(key, why);
  };
  const copies = liveCopies(cluster, namespace);
  const redisMembers = new RedisMembers({
    discover: options.discover ?? ((target, known) => discoverMembers(options.redis, target, known)),
    defaultRedis: () => defaultWithMembers(options),
    clock,
    enqueue,
  });
  const responses = new ResponseReader({
    connections: options.redis,
    onFault: (target, fault) => fault && redisMembers.doubt(target),
    clock,
  });
  responses.onChange(options.countersEveryMs, enqueue);
  const workers = new WorkerIndex(copies.workers, options.defaultRedisUrl);
  options.code?.onAnswer((asker) => enqueue(asker));
  enqueueChanges(copies, workers, options.defaultRedisUrl, enqueue, (key) => redisMembers.of(key));
  return {
    copies,
    workers,
    references: new References(cluster, enqueue),
    runtimeSecrets,
    statusPace: new StatusPace(clock, options.countersEveryMs),
    ciliumPolicies: new CiliumPolicies(cluster, namespace, (copy) => enqueueOwners(copy, enqueue)),
    outsideNames: new OutsideNames({ lookUp: options.lookUp, clock, enqueue }),
    redisMembers,
    responses,
    redisKeys: new KeyWatch({
      connections: options.redis,
      clock,
      changed: enqueue,
      paceMs: Math.min(keysEveryMs, options.countersEveryMs),
      busyPaceMs: options.countersEveryMs,
    }),
    scaling: new Scaling(),
    code: options.code,
    idleStreams: new IdleStreams({ connections: options.redis, clock, enqueue }),
    redisUsers: new RedisUsers({ users: options.workerUsers, clock, enqueue }),
    redisDoctor: new RedisDoctor({
      examine: (target, needs) => examine(target, { clock, deadlineMs: examineMs, needs }),
      clock,
      enqueue,
    }),
  };
}

/** Its members are no Redis for an author, whether a worker uses it or not. */
function defaultWithMembers({ defaultRedisUrl, defaultLogin }: FollowOptions): RedisTarget | undefined {
  const url = parseRedisUrl(defaultRedisUrl ?? '');
  return url.ok && url.target.topology.kind !== 'Standalone' ? { ...url.target, ...defaultLogin() } : undefined;
}

/** Follows exactly what one look at the worker `key` has come upon; undefined: the worker is gone. */
export function follow(following: Following, key: string, observed: Observed | undefined): void {
  const { references, runtimeSecrets, ciliumPolicies, outsideNames, redisMembers, responses, redisKeys } = following;
  const { redisUsers, redisDoctor } = following;
  references.keep(key, observed?.referred ?? []);
  keepAsking(following, key, observed);
  if (!observed) {
    runtimeSecrets.forget(key);
    following.statusPace.forget(key);
    responses.unfollow(key);
    redisKeys.forget(key);
    outsideNames.forget(key);
    redisMembers.forget(key);
    redisUsers.forget(key);
    redisDoctor.forget(key);
    following.scaling.forget(key);
    following.idleStreams.forget(key);
    return;
  }
  following.scaling.note(key, observed);
  following.idleStreams.keep(key, observed);
  const { spec } = observed;
  runtimeSecrets.keep(key, observed.children.pods.some(isComingUp));
  if (spec?.blueprint.flavor === 'Cilium') ciliumPolicies.follow();
  outsideNames.keep(key, spec?.outsideHosts ?? []);
  redisMembers.keep(key, spec?.asksMembersOf);
  if (spec?.asksMembersOf && spec.redis.kind === 'fault') redisMembers.doubt(spec.asksMembersOf);
  if (!spec?.access.ok) return;
  const { target, login } = spec.access.value;
  responses.follow(key, target, spec.blueprint.work.responses, observed.responses);
  redisKeys.keep(key, { target, ...keysOf(spec, observed.children.pods.length > 0), since: observed.now });
  redisDoctor.keep(key, target, () => needsOf(spec.blueprint, target, login));
  if (login.kind === 'own') {
    redisUsers.keep(key, { target, servers: spec.endpoint.ok ? spec.endpoint.value.servers : [] }, login.user.name);
  } else redisUsers.forget(key);
}

function keepAsking({ code }: Following, key: string, observed: Observed | undefined): void {
  code?.keep(key, observed?.spec?.asksCode);
}

/** What was read of the worker there, with what will be once it answers. */
function keysOf({ blueprint: { work, keyPrefix: prefix, consumers }, redis }: ObservedSpec, hasPods: boolean) {
  const ids = redis.kind === 'answered' ? redis.ids : declaredIds(consumers);
  const { keys, busyKeys } = kindOf(work).keys(work);
  const own = [...keys, ...ids.map((id) => configHashKey(prefix, id))];
  // Where nobody works, every request is news.
  return hasPods ? { keys: own, busyKeys } : { keys: [...own, ...busyKeys], busyKeys: [] };
}

/** What the login the operator has there has to be allowed: pods with a login of their own are not part of it. */
function needsOf({ type, work }: Blueprint, { topology }: RedisTarget, login: PodLogin): readonly Need[] {
  const needs = kindOf(work).needs(work, configHashKey(keyPrefix(type, topology), '1'));
  const own = login.kind === 'own' ? needs.filter(({ actor }) => actor === 'operator') : needs;
  return login.kind === 'author' ? [...own, ...newsNeeds()] : [...own, ...newsNeeds(), ...userNeeds()];
}

/** Settles when every live copy is complete, and the default Redis was asked who belongs to it. */
export async function synced({ copies, redisMembers }: Following): Promise<void> {
  await Promise.all([...Object.values(copies).map((copy) => copy.synced), redisMembers.start()]);
}

/** Ends the live copies: nothing is enqueued by them any more. */
export function stopCopies({ copies }: Following): void {
  for (const copy of Object.values(copies)) copy.stop();
}

/** Ends what else is followed; settles when no read is under way. */
export async function stopFollowing(following: Following): Promise<void> {
  following.references.close();
  following.runtimeSecrets.close();
  following.outsideNames.close();
  following.redisMembers.close();
  following.ciliumPolicies.close();
  following.redisUsers.close();
  following.redisKeys.close();
  following.redisDoctor.close();
  await Promise.all([following.responses.close(), following.idleStreams.close(), following.code?.close()]);
}
