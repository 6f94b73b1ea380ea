/** The workers a spec is run against: those of a session of its own, or those that run already. */
import { Calls } from '../../client/calls.ts';
import type { TlsFiles } from '../../operator/default-redis-tls.ts';
import { another, type RedisClient } from '../../operator/redis/requests/client.ts';
import type { Io } from '../io.ts';
import { connectRedis } from '../redis.ts';
import { findTarget } from '../target.ts';
import type { CasePlace } from './run-case.ts';

/** How workers that run are found, as for `send`. */
export interface WhereWorkersRun {
  readonly session: string;
  readonly redisUrl: string | undefined;
  readonly tlsFiles: TlsFiles | undefined;
  readonly namespace: string | undefined;
}

/** Connections to the Redis of every worker type that is asked. */
export class Workers implements AsyncDisposable {
  readonly #where: WhereWorkersRun;
  readonly #io: Io;
  readonly #opened = new Map<string, { readonly redis: RedisClient; readonly calls: Calls }>();

  constructor(where: WhereWorkersRun, io: Io) {
    this.#where = where;
    this.#io = io;
  }

  /** @throws Failure when the worker, or its Redis, cannot be found */
  async of(type: string): Promise<CasePlace> {
    const target = await findTarget({ ...this.#where, type, keysNamed: false }, this.#io);
    const known = this.#opened.get(target.redisUrl);
    if (known !== undefined) return { ...known, streams: target };
    const redis = await connectRedis(target.redisUrl, target);
    const dial = (): Promise<RedisClient> => {
      const client = another(redis);
      client.on('error', () => undefined); // told by the command that meets it
      return Promise.resolve(client);
    };
    const opened = { redis, calls: new Calls({ dial, connections: 1, redials: false }) };
    this.#opened.set(target.redisUrl, opened);
    return { ...opened, streams: target };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { redis, calls } of this.#opened.values()) {
      await calls.close(new Error('the test has ended'));
      redis.disconnect();
    }
    this.#opened.clear();
  }
}
