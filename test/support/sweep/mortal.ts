/** An operator that dies after its n-th write: from then on no call of its reaches the cluster or Redis. */
import { systemClock } from '../../../operator/clock.ts';
import type { Cluster } from '../../../operator/cluster/cluster.ts';
import { machineLookUp } from '../../../operator/dns/lookup.ts';
import { RedisConnections } from '../../../operator/redis/connections.ts';
import type { RedisLink } from '../../../operator/redis/link.ts';
import type { RedisTarget } from '../../../operator/redis/target.ts';
import { WorkerUsers } from '../../../operator/redis/worker-users.ts';
import { startFollowing, stopCopies, stopFollowing, synced } from '../../../operator/redisworker/follow/index.ts';
import { reconcile } from '../../../operator/redisworker/reconcile.ts';

/** What is thrown in the dead process. */
export class Died extends Error {
  override readonly name = 'Died';
}

/** Counts writes up to the last one that is carried out. */
export class Life {
  readonly #last: number;
  writes = 0;

  /** @param last number of the write after which everything fails */
  constructor(last = Infinity) {
    this.#last = last;
  }

  isOver(): boolean {
    return this.writes >= this.#last;
  }

  async read<T>(call: () => Promise<T>): Promise<T> {
    if (this.isOver()) throw new Died();
    return call();
  }

  /** Carries the write out; when it was among the last, its outcome is never learned. One that fails is none. */
  async write<T>(call: () => Promise<T>): Promise<T> {
    if (this.isOver()) throw new Died();
    this.writes += 1; // others may begin before it has ended
    const result = await call().catch((error: unknown) => {
      this.writes -= 1;
      throw error;
    });
    if (this.isOver()) throw new Died();
    return result;
  }
}

function mortalCluster(cluster: Cluster, life: Life): Cluster {
  return {
    follow: (...args) => cluster.follow(...args),
    get: (...args) => life.read(() => cluster.get(...args)),
    list: (...args) => life.read(() => cluster.list(...args)),
    create: (...args) => life.write(() => cluster.create(...args)),
    apply: (...args) => life.write(() => cluster.apply(...args)),
    applyStatus: (...args) => life.write(() => cluster.applyStatus(...args)),
    patch: (...args) => life.write(() => cluster.patch(...args)),
    delete: (...args) => life.write(() => cluster.delete(...args)),
    mayWrite: () => true,
    record: () => undefined,
    close: () => Promise.resolve(),
  };
}

/** Commands the operator sends that change something; of its scripts all but the one that counts do. */
const writing = new Set(['XGROUP', 'ACL SETUSER', 'ACL DELUSER']);

function writes([name, part]: readonly [string, ...(string | number)[]]): boolean {
  return writing.has(name) || writing.has(`${name} ${part}`);
}

class MortalConnections extends RedisConnections {
  readonly #life: Life;

  constructor(life: Life) {
    super();
    this.#life = life;
  }

  override control(target: RedisTarget): RedisLink {
    const life = this.#life;
    return new Proxy(super.control(target), {
      get(link, name) {
        if (name === 'command') {
          return (
            ...command: Parameters<RedisLink['command']>
          ) => (writes(command)
            ? life.write(() => link.command(...command))
            : life.read(() => link.command(...command)));
        }
        if (name === 'script') {
          return (...args: Parameters<RedisLink['script']>) => life.write(() => link.script(...args));
        }
        if (name === 'pipeline') {
          return (...args: Parameters<RedisLink['pipeline']>) => life.read(() => link.pipeline(...args));
        }
        return Reflect.get(link, name, link) as unknown;
      },
    });
  }
}

/** One process of the operator, as far as a reconcile goes. */
export interface MortalOperator {
  readonly life: Life;
  /** One reconcile. @returns false when the process has died in it */
  reconcile(key: string): Promise<boolean>;
  stop(): Promise<void>;
}

/** Keys differ from process to process, as random ones do. */
let keysMade = 0;

/** Starts an operator on `cluster` for workers of the Redis at `redisUrl`, where it logs in as `login`. */
export async function startMortalOperator(
  cluster: Cluster,
  { redisUrl, login }: { redisUrl: string; login: { password: string } },
  life = new Life(),
): Promise<MortalOperator> {
  const mortal = mortalCluster(cluster, life);
  const redis = new MortalConnections(life);
  const readers = new RedisConnections();
  const following = startFollowing({
    cluster: mortal,
    namespace: undefined,
    redis: readers,
    workerUsers: new WorkerUsers(readers, systemClock),
    defaultRedisUrl: redisUrl,
    defaultLogin: () => ({}),
    lookUp: machineLookUp(),
    clock: systemClock,
    countersEveryMs: 0,
    enqueue: () => undefined,
  });
  const world = {
    cluster: mortal,
    following,
    redis,
    workerUsers: new WorkerUsers(redis, systemClock),
    clock: systemClock,
    log: { info: () => undefined },
    mayWrite: () => true,
    freshKey: () => (keysMade += 1).toString(16).padStart(32, '0'),
    freshPassword: () => `password-${keysMade += 1}`,
    canaryProblem: () => undefined,
    defaults: { redisUrl, image: 'worker:test', login, policyEnforcement: 'None' as const, canary: undefined },
  };
  await synced(following);
  return {
    life,
    async reconcile(key) {
      try {
        await reconcile(world, key);
      } catch (error) {
        if (!life.isOver()) throw error;
      }
      return !life.isOver();
    },
    async stop() {
      stopCopies(following);
      await stopFollowing(following);
      readers.close();
      redis.close();
    },
  };
}
