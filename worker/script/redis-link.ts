/** The runner's own connection to Redis: opened when needed, opened again after any failure. */
import type { Connection } from '../redis/connection.ts';

/** Runs work on the connection. */
export interface RedisLink {
  /**
   * @returns what `work` returns
   * @throws what connecting or `work` throws; the connection is then dropped, and with it a WATCH or MULTI
   */
  use<T>(work: (redis: Connection) => Promise<T>): Promise<T>;
  close(): void;
}

/** A link over `connect`. One piece of work at a time, in the order of the calls. */
export function redisLink(connect: () => Promise<Connection>): RedisLink {
  let connection: Connection | undefined;
  let last: Promise<unknown> = Promise.resolve();
  const drop = () => {
    connection?.close();
    connection = undefined;
  };
  const run = async <T>(work: (redis: Connection) => Promise<T>): Promise<T> => {
    try {
      connection ??= await connect();
      return await work(connection);
    } catch (error) {
      drop();
      throw error;
    }
  };
  return {
    use(work) {
      const result = last.then(() => run(work));
      last = result.catch(() => undefined);
      return result;
    },
    close: drop,
  };
}
