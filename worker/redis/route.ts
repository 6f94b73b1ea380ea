/** The way to the server that has the keys of one worker, however the servers of its Redis hang together. */
import type { HostPort } from '../../contract/host-port.ts';
import { ClusterNodes } from './cluster-nodes.ts';
import { type Connection, connectServer } from './connection.ts';
import { dialServer, type RedisTarget } from './dial.ts';
import { Sentinels } from './sentinel.ts';
import type { Wire } from './wire.ts';

/** Leads to that server: found anew for each connection, as it may be another one by now. */
export interface Route {
  /** @throws ConnectionLostError, RedisError: an outage */
  dial(): Promise<Wire>;
  /** As {@link Route.dial}. */
  connect(bulkAs?: 'text' | 'bytes'): Promise<Connection>;
  /** Behind Sentinels: whether they name another server than the one this led to last. */
  readonly hasMoved?: () => Promise<boolean>;
  /** In a Cluster: the way to keys that lie elsewhere. */
  readonly cluster?: ClusterNodes;
}

/** @param key any key of the worker: in a Cluster all of them lie in one slot */
export function routeTo(target: RedisTarget, key: string): Route {
  const { hosts: [host], topology } = target.address;
  if (topology.kind === 'Cluster') {
    const cluster = new ClusterNodes(target);
    return { ...through(target, () => cluster.ownerOf(key)), cluster };
  }
  if (topology.kind === 'Standalone') return through(target, () => Promise.resolve(host));
  const sentinels = new Sentinels(target, topology.masterName);
  return { ...through(target, () => sentinels.master()), hasMoved: () => sentinels.haveMoved() };
}

function through(target: RedisTarget, server: () => Promise<HostPort>): Route {
  return {
    dial: async () => await dialServer(target, await server()),
    connect: async (bulkAs) => await connectServer(target, await server(), bulkAs),
  };
}
