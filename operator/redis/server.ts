/** One socket to one server. It never reconnects by itself: whoever lost it opens another. */
import type { AbstractConnector, Redis, RedisOptions } from 'ioredis';
import { tlsOptions } from '../../contract/redis-tls.ts';
import { silence, toFault, tooMuch } from './fault.ts';
import { connectorWithin } from './reach.ts';
import { boundReplies } from './reply-bound.ts';
import type { RedisTarget } from './target.ts';

/** Milliseconds. Without `commandMs` commands may wait for ever, as blocking reads must. */
export interface Deadlines {
  readonly connectMs: number;
  readonly commandMs?: number;
}

/**
 * Opens a socket to the first host of the target, logs in and selects the database.
 * @throws RedisFault within `connectMs`
 */
export async function openServer(target: RedisTarget, deadlines: Deadlines): Promise<Redis> {
  const ioredis = await import('ioredis'); // an operator without a worker needs none, and it takes memory
  const client = new ioredis.Redis(optionsOf(target, deadlines, ioredis.AbstractConnector));
  if (target.foreign) boundReplies(client, () => tooMuch(target));
  let reason: unknown;
  client.on('error', (error) => {
    reason ??= error;
  });
  const timer = setTimeout(() => {
    reason ??= silence(target);
    client.disconnect();
  }, deadlines.connectMs);
  try {
    await client.connect();
    if (reason !== undefined) throw toFault(reason, target); // SELECT was refused
    return client;
  } catch (error) {
    client.disconnect();
    throw toFault(reason ?? error, target);
  } finally {
    clearTimeout(timer);
  }
}

/** `AUTH default <password>` works on servers with and without a password, `AUTH <password>` on the first alone. */
function login(target: RedisTarget): { username?: string; password?: string } {
  if (target.password === undefined) return {};
  return { username: target.username ?? 'default', password: target.password };
}

function optionsOf(
  target: RedisTarget,
  deadlines: Deadlines,
  connector: typeof AbstractConnector,
): Omit<RedisOptions, 'replyMapping'> {
  return {
    ...target.hosts[0],
    db: target.db,
    ...login(target),
    ...(target.tls ? { tls: tlsOptions(target.tls) } : {}),
    ...(deadlines.commandMs === undefined ? {} : { commandTimeout: deadlines.commandMs }),
    ...(target.foreign ? { Connector: connectorWithin(target.foreign, connector) } : {}),
    protocol: 2, // one shape of replies on every server, proxy and version
    connectTimeout: deadlines.connectMs,
    disconnectTimeout: 50, // a server that hangs does not answer a FIN either
    connectionName: 'redisworker-operator',
    lazyConnect: true,
    retryStrategy: null,
    maxRetriesPerRequest: 0,
    enableReadyCheck: false, // needs INFO, which a restricted user may not have; LOADING is told per command
    disableClientInfo: true,
  };
}
