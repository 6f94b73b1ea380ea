/** What a reconcile can reach: the cluster, what is followed, Redis, and time. */
import type { RedisTls } from '../../contract/redis-tls.ts';
import type { Clock } from '../clock.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { RedisConnections } from '../redis/connections.ts';
import type { RedisTarget } from '../redis/target.ts';
import type { WorkerUsers } from '../redis/worker-users.ts';
import type { Following } from './follow/index.ts';
import type { Defaults } from './model/blueprint.ts';

/** Login of the operator's default Redis, and how its TLS is checked. */
export type DefaultLogin = Pick<RedisTarget, 'username' | 'password' | 'sentinel' | 'tls'>;

/** Handed to every reconcile. */
export interface World {
  readonly cluster: Cluster;
  readonly following: Following;
  readonly redis: RedisConnections;
  /** The users workers have on the default Redis. */
  readonly workerUsers: WorkerUsers;
  readonly defaults: Defaults & {
    readonly login: DefaultLogin;
    /** What pods with a user of their own show the default Redis. */
    readonly workerIdentity?: RedisTls['client'];
  };
  readonly clock: Clock;
  readonly log: { info(fields: object, message: string): void };
  /** False when this process stops or leads no more: asked before every write, to Redis above all. */
  readonly mayWrite: () => boolean;
  /** A fresh AES-128 key in hex. */
  readonly freshKey: () => string;
  /** A fresh password. */
  readonly freshPassword: () => string;
  /** Why the operator does not reach its own canary; undefined when it does, or has none. */
  readonly canaryProblem: () => string | undefined;
}
