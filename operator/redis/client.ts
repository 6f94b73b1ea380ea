/** The one place that dials: a connection to the server that has the data, however the servers hang together. */
import type { Redis } from 'ioredis';
import { openMaster } from './sentinel.ts';
import { type Deadlines, openServer } from './server.ts';
import type { HostPort } from '../../contract/host-port.ts';
import type { RedisTarget } from './target.ts';

/**
 * Opens a connection to a server, or to the master behind Sentinels. Of a Cluster it is one that was named: which node
 * has a key is known to cluster-link.ts.
 * @throws RedisFault within `connectMs`
 */
export function openClient(target: RedisTarget, deadlines: Deadlines): Promise<Redis> {
  const { topology } = target;
  return topology.kind === 'Sentinel'
    ? openMaster(target, topology.masterName, deadlines)
    : openServer(target, deadlines);
}

/** The server a connection was opened to, which of a set only its Sentinels know. */
export function serverOfClient({ options: { host = '', port = 0 } }: Redis): HostPort {
  return { host, port };
}
