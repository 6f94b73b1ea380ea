/** Finds the master of a set by its Sentinels, and believes none of them before the server itself says so. */
import type { Redis } from 'ioredis';
import type { HostPort } from '../../contract/host-port.ts';
import { masterUnknown, mostTelling, type RedisFault, silence, toFault } from './fault.ts';
import { serverOf } from './members.ts';
import { items, text } from './replies.ts';
import { type Deadlines, openServer } from './server.ts';
import { type RedisTarget, sentinelTarget, serverTarget } from './target.ts';

/**
 * Asks the Sentinels in turn: one that is gone, knows no master, or names a server that is none is passed over.
 * @throws RedisFault within `connectMs`
 */
export async function openMaster(target: RedisTarget, masterName: string, deadlines: Deadlines): Promise<Redis> {
  const end = Date.now() + deadlines.connectMs;
  const faults: RedisFault[] = [];
  for (const [at, sentinel] of target.hosts.entries()) {
    const left = target.hosts.length - at;
    const share = (parts: number): number => Math.max((end - Date.now()) / parts, 1);
    try {
      const server = await askForMaster(target, sentinel, masterName, share(left + 1));
      return await openIfMaster(target, server, { ...deadlines, connectMs: share(left) });
    } catch (error) {
      faults.push(toFault(error, target));
    }
  }
  throw mostTelling(faults)?.of(target) ?? masterUnknown(target, '');
}

async function askForMaster(
  target: RedisTarget,
  sentinel: HostPort,
  masterName: string,
  ms: number,
): Promise<HostPort> {
  const own = sentinelTarget(target, sentinel);
  const client = await openServer(own, { connectMs: ms });
  try {
    const reply = await within(ms, client, own, client.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', masterName));
    const [host, port] = items(reply);
    const [server] = text(host) === '' ? [] : serverOf(host, port, { host: sentinel.host, tls: false });
    if (server === undefined) throw masterUnknown(target, 'they know no set of this name');
    return server;
  } finally {
    client.disconnect();
  }
}

/** A Sentinel that is cut off from the others still names the server that was the master before. */
async function openIfMaster(target: RedisTarget, server: HostPort, deadlines: Deadlines): Promise<Redis> {
  const own = serverTarget(target, server);
  const client = await openServer(own, deadlines);
  try {
    const [role] = items(await within(deadlines.connectMs, client, own, client.call('ROLE')));
    if (text(role) !== 'master') throw masterUnknown(target, 'the server they name follows another');
  } catch (error) {
    const fault = toFault(error, own);
    // Who may not ask finds out by writing.
    if (fault.code === 'RedisNoPermission') return client;
    client.disconnect();
    throw fault;
  }
  return client;
}

async function within(ms: number, client: Redis, target: RedisTarget, reply: Promise<unknown>): Promise<unknown> {
  let late: RedisFault | undefined;
  const timer = setTimeout(() => {
    late = silence(target);
    client.disconnect();
  }, ms);
  try {
    return await reply;
  } catch (error) {
    throw toFault(late ?? error, target);
  } finally {
    clearTimeout(timer);
  }
}
