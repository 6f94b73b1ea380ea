import { createServer, type Server } from 'node:net';
import type { AddressInfo } from 'node:net';
import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { connect } from '../../client/mod.ts';
import { env } from '../../contract/pod.ts';
import { denialsOf } from '../support/denials.ts';
import { freePort } from '../support/processes.ts';
import { ask } from '../support/requests.ts';
import { type SentinelSet, startSentinelSet } from '../support/topologies/sentinel.ts';
import { eventually } from '../support/wait.ts';
import { startWorker, type TestWorker, writeHash } from '../support/worker.ts';
import { giveUserAt } from '../support/worker-user.ts';

const [password, sentinelPassword] = ['for-servers', 'for-sentinels'];
const module = `export default ({ fields }) => JSON.parse(fields.data);`;

let set: SentinelSet;
let worker: TestWorker | undefined;
beforeAll(async () => {
  set = await startSentinelSet({ password, sentinelPassword });
});
afterEach(async () => {
  await worker?.stop();
  worker = undefined;
});
afterAll(async () => {
  const denials = await Promise.allSettled(set.servers.map(({ client }) => denialsOf(client)));
  await set.stop();
  expect(denials.flatMap((one) => one.status === 'fulfilled' ? one.value : [])).toEqual([]);
});

async function start(redisUrl = set.url, net: readonly string[] = []): Promise<string> {
  const type = `demo-${randomUUID().slice(0, 8)}`;
  await writeHash((await set.master()).client, type);
  const servers = set.servers.map(({ port }) => `127.0.0.1:${port}`);
  const user = await giveUserAt(set.servers.map(({ client }) => client), {
    type,
    runtime: 'Handler',
    redisUrl: set.url,
  });
  const atSentinels = { [env.redisSentinelPasswordFile]: '<secret>/sentinel' };
  worker = await startWorker({
    type,
    module,
    redisUrl,
    net: [...servers, ...net],
    env: { ...user.env, ...atSentinels },
    secretFiles: { ...user.secretFiles, sentinel: sentinelPassword },
  });
  return type;
}

const answer = async (type: string, data: unknown) => (await ask((await set.master()).client, type, data)).data;

describe('a worker behind Sentinels', () => {
  it('works at the master, with a login of its own at the Sentinels', async () => {
    const type = await start();
    expect(await answer(type, 'first')).toBe('first');
  });

  it('passes over a Sentinel that is gone, one that knows no such set and one that names a replica', async () => {
    const master = await set.master();
    const replica = set.servers.find((server) => server !== master) as typeof master;
    const liar = await fakeSentinel(`*2\r\n$9\r\n127.0.0.1\r\n$5\r\n${replica.port}\r\n`);
    const ignorant = await fakeSentinel('*-1\r\n');
    const [gone, real] = [await freePort(), set.sentinels[0]?.port];
    try {
      const hosts = [gone, portOf(liar), portOf(ignorant), real].map((port) => `127.0.0.1:${port}`);
      const type = await start(`redis+sentinel://${hosts.join(',')}/${set.masterName}`);
      expect(await answer(type, 'found')).toBe('found');
    } finally {
      liar.close();
      ignorant.close();
    }
  });

  it('goes with the master that hands over, long before that one is told to follow', async () => {
    const type = await start();
    expect(await answer(type, 1)).toBe(1);
    const before = await set.master();
    const after = await set.failOver();
    await eventually('its connections are at the new master', async () => {
      const clients = String(await after.client.client('LIST'));
      return clients.includes(`name=redisworker:${type}`);
    });
    expect(before).not.toBe(after);
    expect(await answer(type, 2)).toBe(2);
  });

  it('answers a caller of the Sentinels, and again after a failover', async () => {
    const type = await start();
    const client = await connect({ url: set.url, password, sentinel: { password: sentinelPassword }, timeout: 60_000 });
    try {
      expect(await client.ask(type, 'before')).toBe('before');
      await set.failOver();
      const after = await eventually(
        'the new master answers',
        () => client.ask(type, 'after', { timeout: 5000 }),
        60_000,
      );
      expect(after).toBe('after');
    } finally {
      await client.close();
    }
  });

  it('goes on at the replica that comes after a master that was killed', async () => {
    const type = await start();
    expect(await answer(type, 'before')).toBe('before');
    await (await set.master()).client.call('WAIT', 1, 5000);
    await set.crashMaster();
    expect(await answer(type, 'after')).toBe('after');
  });
});

/** Says the same to whoever asks it for the master, and takes every login. */
async function fakeSentinel(said: string): Promise<Server> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      for (const command of chunk.toString().split(/(?=\*\d+\r\n)/)) {
        socket.write(command.includes('SENTINEL') ? said : '+OK\r\n');
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}
