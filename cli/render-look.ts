/** One look of the operator at workers in a cluster of documents, with no Redis, no DNS and nothing written. */
import type { HostPort } from '../contract/host-port.ts';
import type { Clock } from '../operator/clock.ts';
import { keyOf, type KubeObject, resources } from '../operator/cluster/cluster.ts';
import type { CodeSettings } from '../operator/code-settings.ts';
import type { CodeQuestion, CodeResolver } from '../operator/code/resolver.ts';
import { defaultsOf, loginOf, type ShapingOptions } from '../operator/defaults.ts';
import type { LookUp } from '../operator/dns/lookup.ts';
import { RedisConnections } from '../operator/redis/connections.ts';
import { RedisFault } from '../operator/redis/fault.ts';
import type { RedisLink } from '../operator/redis/link.ts';
import type { RedisTarget } from '../operator/redis/target.ts';
import { WorkerUsers } from '../operator/redis/worker-users.ts';
import { startFollowing, synced } from '../operator/redisworker/follow/index.ts';
import { finalizer } from '../operator/redisworker/model/names.ts';
import type { Observed } from '../operator/redisworker/model/observed.ts';
import { observe } from '../operator/redisworker/observe/index.ts';
import { planOf } from '../operator/redisworker/plan/index.ts';
import type { Plan } from '../operator/redisworker/plan/plan.ts';
import type { World } from '../operator/redisworker/world.ts';
import { documentsCluster } from './render-cluster.ts';
import { GuessedCode, jobObjects } from './render-code.ts';
import type { Guess } from './render-documents.ts';

/** What is known beside the documents. */
export interface Known {
  readonly options: ShapingOptions;
  /** Addresses of names outside the cluster. */
  readonly addresses: ReadonlyMap<string, readonly string[]>;
  /** Servers behind Sentinels, or of a Cluster. */
  readonly members: readonly HostPort[];
  /** How Jobs are made that resolve code. */
  readonly code: Pick<CodeSettings, 'jobResources' | 'jobWay' | 'registry'>;
}

/** What the operator would see of a worker, and decide. */
export interface Seen {
  /** `namespace/name` */
  readonly worker: string;
  readonly observed: Observed;
  readonly plan: Plan;
  /** What resolves its code, and is gone then; none for code that is at hand. */
  readonly jobs: readonly KubeObject[];
}

/** Looks at every worker among the documents, in their order. */
export async function lookAtAll(
  documents: readonly KubeObject[],
  known: Known,
  guess: Guess,
): Promise<readonly Seen[]> {
  const code = known.code.jobResources === undefined ? undefined : new GuessedCode(guess, known.code.registry);
  const world = worldOf(documents, known, guess, code);
  await synced(world.following);
  const seen: Seen[] = [];
  for (const worker of documents.filter(({ kind }) => kind === resources.redisWorkers.kind)) {
    const key = keyOf(worker.metadata);
    const observed = await observe(world, key);
    const question = code?.askedBy(key);
    const jobs = question === undefined ? [] : await jobsFor(question, world.cluster, known);
    if (observed) seen.push({ worker: key, observed, plan: planOf(observed), jobs });
  }
  return seen;
}

function jobsFor(question: CodeQuestion, cluster: World['cluster'], known: Known): Promise<readonly KubeObject[]> {
  const { options, addresses, code: { jobResources: resources = {}, jobWay: way } } = known;
  return jobObjects(question, { cluster, lookUp: lookUpIn(addresses), options, resources, way });
}

function worldOf(
  documents: readonly KubeObject[],
  { options, addresses, members }: Known,
  guess: Guess,
  code: CodeResolver | undefined,
): World {
  const clock: Clock = { now: () => guess.now, after: () => () => undefined };
  const cluster = documentsCluster(documents.map(asBegun));
  const redis = new NoConnections();
  const workerUsers = new WorkerUsers(redis, clock);
  const following = startFollowing({
    cluster,
    namespace: undefined,
    redis,
    workerUsers,
    defaultRedisUrl: options.redisUrl,
    code,
    defaultLogin: () => loginOf(options),
    lookUp: lookUpIn(addresses),
    discover: (target) => members.length > 0 ? Promise.resolve(members) : Promise.reject(notAsked(target)),
    clock,
    countersEveryMs: 0,
    enqueue: () => undefined,
  });
  return {
    cluster,
    following,
    redis,
    workerUsers,
    defaults: defaultsOf(options),
    clock,
    log: { info: () => undefined },
    mayWrite: () => false,
    freshKey: () => guess.aesKey,
    freshPassword: () => guess.password,
    canaryProblem: () => undefined,
  };
}

/** What the operator keeps for a worker may be among the documents: it is looked for once the operator has begun. */
function asBegun(object: KubeObject): KubeObject {
  if (object.kind !== resources.redisWorkers.kind) return object;
  const { finalizers = [] } = object.metadata;
  return { ...object, metadata: { ...object.metadata, finalizers: [...new Set([...finalizers, finalizer])] } };
}

function lookUpIn(known: ReadonlyMap<string, readonly string[]>): LookUp {
  return (host) => {
    const addresses = known.get(host);
    const of = (family: (address: string) => boolean) => {
      if (addresses === undefined) return { kind: 'failed', why: 'NOTASKED' } as const;
      const own = addresses.filter(family).map((address) => ({ address, ttlSeconds: 300 }));
      return own.length > 0 ? { kind: 'addresses', addresses: own } as const : { kind: 'none', why: 'NODATA' } as const;
    };
    const isIpv6 = (address: string) => address.includes(':');
    return Promise.resolve({ ipv4: of((address) => !isIpv6(address)), ipv6: of(isIpv6) });
  };
}

/** Opens none. */
class NoConnections extends RedisConnections {
  override control(target: RedisTarget): RedisLink {
    const refused = (): Promise<never> => Promise.reject(notAsked(target));
    const nothing = () => undefined;
    return {
      target,
      command: refused,
      bytes: refused,
      pipeline: refused,
      script: refused,
      servers: refused,
      track: () => nothing,
      isTold: false,
      close: nothing,
    };
  }
}

function notAsked(target: RedisTarget): RedisFault {
  return new RedisFault('RedisUnreachable', 'nobody is asked here', target, 'closed');
}
