import { afterEach, expect, test } from 'vitest';
import { requestStreamKey } from '../../contract/keys.ts';
import { systemClock } from '../../operator/clock.ts';
import { Arrivals } from '../../operator/redis/arrivals.ts';
import { RedisConnections } from '../../operator/redis/connections.ts';
import { targetAt } from '../support/redis-target.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { eventually } from '../support/wait.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

async function arrange({ readMs }: { readonly readMs?: number } = {}) {
  const server = await startRedis();
  cleanups.push(() => server.stop());
  const connections = new RedisConnections({ commandMs: 1000, random: () => 0 });
  cleanups.push(() => connections.close());
  const came: string[] = [];
  const doubted: string[] = [];
  const target = targetAt(server);
  const arrivals = new Arrivals({
    clock: systemClock,
    control: connections.control(target),
    blocking: connections.blocking(target, 's'),
    ...(readMs === undefined ? {} : { readMs }),
    came: (id) => void came.push(id),
    doubted: (id) => void doubted.push(id),
  });
  cleanups.push(() => arrivals.close());
  return { server, arrivals, came, doubted };
}

const stream = (name: string) => requestStreamKey(name);
const xadd = async (server: TestRedis, name: string) => String(await server.client.xadd(stream(name), '*', 'ref', 'r'));
const reads = async ({ client }: TestRedis) =>
  String(await client.client('LIST')).split('\n').filter((line) => line.includes('cmd=xread'));

test('one read waits for any number of streams, those that are not there yet among them', async () => {
  const { server, arrivals, came } = await arrange();
  const old = await xadd(server, 'w7');
  for (let at = 0; at < 300; at++) {
    arrivals.add({ id: `ns/w${at}`, stream: stream(`w${at}`), after: at === 7 ? old : '0-0' });
  }
  await eventually('the read blocks', async () => (await reads(server)).some((line) => line.includes('flags=b')));
  expect(await reads(server)).toHaveLength(1);
  expect(came).toEqual([]);
  await xadd(server, 'w7');
  await xadd(server, 'w299');
  await eventually('both are told', () => came.length === 2);
  expect(came).toEqual(['ns/w7', 'ns/w299']);
  expect(arrivals.size).toBe(298);
});

test('an entry that came before the wait began is told, and a stream that is waited for no more is not', async () => {
  const { server, arrivals, came } = await arrange();
  await xadd(server, 'early');
  arrivals.add({ id: 'ns/early', stream: stream('early'), after: '0-0' });
  arrivals.add({ id: 'ns/gone', stream: stream('gone'), after: '0-0' });
  arrivals.remove('ns/gone');
  await xadd(server, 'gone');
  await eventually('the early one is told', () => came.includes('ns/early'));
  arrivals.add({ id: 'ns/last', stream: stream('last'), after: '0-0' });
  await xadd(server, 'last');
  await eventually('the last one is told', () => came.includes('ns/last'));
  expect(came).not.toContain('ns/gone');
});

test('a key that is no stream is doubted, and the others are told all the same', async () => {
  const { server, arrivals, came, doubted } = await arrange();
  await server.client.set(stream('text'), 'text');
  arrivals.add({ id: 'ns/text', stream: stream('text'), after: '0-0' });
  arrivals.add({ id: 'ns/good', stream: stream('good'), after: '0-0' });
  await eventually('the text is found', () => doubted.includes('ns/text'));
  await xadd(server, 'good');
  await eventually('the good one is told', () => came.includes('ns/good'));
  expect(doubted).toEqual(['ns/text']);
});

test('waits through an outage, has everything looked at that waited, and goes on', async () => {
  const { server, arrivals, came, doubted } = await arrange();
  arrivals.add({ id: 'ns/w', stream: stream('w'), after: '0-0' });
  await eventually('the read blocks', async () => (await reads(server)).length === 1);
  await server.crash();
  await server.restart();
  await eventually('the read blocks again', async () => (await reads(server)).length === 1);
  await xadd(server, 'w');
  await eventually('the entry is told', () => came.includes('ns/w'));
  await xadd(server, 'other');
  expect([...new Set([...doubted, ...came])]).toEqual(['ns/w']);
});

test('a group that is destroyed while its worker sleeps is missed, also one of many', async () => {
  const { server, arrivals, came, doubted } = await arrange({ readMs: 50 });
  const names = Array.from({ length: 45 }, (_, at) => `w${at}`);
  await Promise.all(names.map((name) => server.client.xgroup('CREATE', stream(name), 'g', '0', 'MKSTREAM')));
  for (const name of names) arrivals.add({ id: name, stream: stream(name), after: '0-0', group: 'g' });
  arrivals.add({ id: 'later', stream: stream('later'), after: '0-0', group: 'g' });
  await server.client.xgroup('DESTROY', stream('w44'), 'g');
  await eventually('it is missed', () => doubted.length > 0);
  expect([new Set(doubted), came]).toEqual([new Set(['w44']), []]);
  await xadd(server, 'w44');
  await eventually('its next request is told all the same', () => came.includes('w44'));
});
