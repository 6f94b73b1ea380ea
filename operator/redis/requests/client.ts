/** A connection of its own for what somebody asks about requests: values are bytes, and a search may take a while. */
import { Cluster, type Redis } from 'ioredis';
import { tlsOptions } from '../../../contract/redis-tls.ts';
import { openClient } from '../client.ts';
import { RedisConnections } from '../connections.ts';
import type { RedisTarget } from '../target.ts';

/** A server, the master behind Sentinels, or a Cluster. */
export type RedisClient = Redis | Cluster;

/**
 * Opens a connection, which the caller disconnects. One that is lost is not made again.
 * @throws RedisFault that tells what is wrong with which server
 */
export async function openRequests(target: RedisTarget, connectMs: number): Promise<RedisClient> {
  if (target.topology.kind !== 'Cluster') return await openClient(target, { connectMs });
  const links = new RedisConnections({ commandMs: connectMs });
  try {
    await links.control(target).servers(); // tells more than the client below does
    const cluster = clusterOf(target, connectMs);
    await cluster.connect();
    return cluster;
  } finally {
    links.close();
  }
}

/** Another connection like this one. */
export function another(redis: RedisClient): RedisClient {
  return redis instanceof Cluster ? redis.duplicate() : redis.duplicate();
}

/** What a client is made with, whatever it connects to. */
export function clientOptions({ username, password, tls }: RedisTarget, connectMs: number) {
  return {
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(tls === undefined ? {} : { tls: tlsOptions(tls) }),
    connectTimeout: connectMs,
    maxRetriesPerRequest: 0,
  };
}

function clusterOf(target: RedisTarget, connectMs: number): Cluster {
  const cluster = new Cluster([...target.hosts], {
    lazyConnect: true,
    clusterRetryStrategy: () => null,
    dnsLookup: (host, found) => {
      found(null, host); // certificates carry the name
    },
    slotsRefreshTimeout: connectMs,
    redisOptions: clientOptions(target, connectMs),
  });
  cluster.on('error', () => undefined); // told by the command that meets it
  return cluster;
}
