import { afterEach, expect, test } from 'vitest';
import { responseStreamKey } from '../../contract/keys.ts';
import { RedisConnections } from '../../operator/redis/connections.ts';
import { ResponseReader } from '../../operator/redis/response-reader.ts';
import { emptyTally, type ResponseTally } from '../../operator/redis/response-tally.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { eventually } from '../support/wait.ts';
import { targetAt } from '../support/redis-target.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

/** A login that may not be told of changes, as some hosts of Redis have it. */
const untold = { username: 'untold', password: 'x' };

async function arrange(options: { checkMs?: number; commandMs?: number; login?: typeof untold } = {}) {
  const server = await startRedis();
  if (options.login) {
    const { username, password } = options.login;
    await server.client.call('ACL', 'SETUSER', username, 'on', `>${password}`, '~*', '+@all', '-client|tracking');
  }
  cleanups.push(() => server.stop());
  if (options.login) cleanups.push(() => server.client.call('ACL', 'LOG', 'RESET'));
  const connections = new RedisConnections({ commandMs: options.commandMs ?? 1000, random: () => 0 });
  cleanups.push(() => connections.close());
  const changes: string[] = [];
  const faults: (string | undefined)[] = [];
  const reader = new ResponseReader({
    connections,
    onFault: (_target, fault) => void faults.push(fault?.code),
    checkMs: options.checkMs ?? 100,
    pollMs: 100,
  });
  reader.onChange(1000, (id) => void changes.push(id));
  cleanups.push(() => reader.close());
  const target = { ...targetAt(server), ...options.login };
  return { server, reader, target, changes, faults, connections };
}

async function respond(server: TestRedis, stream: string, code: number, times = 1, id = '*'): Promise<void> {
  const pipeline = server.client.pipeline();
  for (let at = 0; at < times; at++) {
    pipeline.xadd(stream, id, 'ref', String(at), 'type', 'demo', 'code', String(code), 'consumer', '1');
  }
  await pipeline.exec();
}

const reaches = (reader: ResponseReader, id: string, total: number): Promise<ResponseTally> =>
  eventually(`${id} has counted ${total}`, () => {
    const tally = reader.tally(id);
    return tally?.total === total ? tally : undefined;
  });

test.each([
  ['as the server tells of it', undefined],
  ['as it is looked up, where the server does not tell', untold],
])('counts what is there and what comes, %s', async (_, login) => {
  const { server, reader, target, changes } = await arrange(login ? { login } : {});
  const [a, b] = [responseStreamKey('a'), responseStreamKey('b')];
  await respond(server, a, 200, 1200);
  reader.follow('ns/a', target, a, emptyTally);
  await reaches(reader, 'ns/a', 1200);
  reader.follow('ns/b', target, b, emptyTally);
  await respond(server, b, 500, 3);
  const tally = await reaches(reader, 'ns/b', 3);
  expect(tally).toMatchObject({ failed: 3, codes: { 500: 3 }, lastCode: 500, missed: 0 });
  expect(tally.perConsumer.get('1')?.lastCode).toBe(500);
  expect(tally.perSecond).toBeGreaterThan(0);
  await eventually('both were told', () => changes.includes('ns/a') && changes.includes('ns/b'));
  const own = String(await server.client.client('LIST')).split('\n').filter((line) => line.includes('redisworker-'));
  expect(own.length).toBeLessThanOrEqual(2);
});

test('goes on where a persisted tally ended', async () => {
  const { server, reader, target } = await arrange();
  const stream = responseStreamKey('a');
  await respond(server, stream, 200, 10);
  reader.follow('ns/a', target, stream, emptyTally);
  const persisted = await reaches(reader, 'ns/a', 10);
  reader.unfollow('ns/a');
  expect(reader.tally('ns/a')).toBeUndefined();
  await respond(server, stream, 404, 5);
  reader.follow('ns/a', target, stream, persisted);
  expect(await reaches(reader, 'ns/a', 15)).toMatchObject({ succeeded: 10, failed: 5, missed: 0, sampled: 0 });
});

test('two followers of one stream count each from its own cursor', async () => {
  const { server, reader, target } = await arrange();
  const stream = responseStreamKey('shared');
  await respond(server, stream, 200, 20);
  reader.follow('ns/a', target, stream, emptyTally);
  const { lastId } = await reaches(reader, 'ns/a', 20);
  reader.follow('ns/b', target, stream, { ...emptyTally, ...(lastId === undefined ? {} : { lastId }) });
  await respond(server, stream, 200, 1);
  await reaches(reader, 'ns/a', 21);
  await reaches(reader, 'ns/b', 1);
});

test('survives a restart of Redis and counts the new stream, keeping the totals', async () => {
  const { server, reader, target, faults } = await arrange();
  const stream = responseStreamKey('a');
  reader.follow('ns/a', target, stream, emptyTally);
  await respond(server, stream, 200, 4);
  await reaches(reader, 'ns/a', 4);
  await server.crash();
  await eventually('the fault is told', () => reader.fault('ns/a')?.code === 'RedisUnreachable');
  await server.restart();
  await respond(server, stream, 500, 2);
  await reaches(reader, 'ns/a', 6);
  await eventually('the recovery is told', () => faults.at(-1) === undefined && faults.length >= 2);
  expect(reader.fault('ns/a')).toBeUndefined();
});

test('starts over with a stream that begins anew with lower ids', async () => {
  const { server, reader, target } = await arrange();
  const stream = responseStreamKey('a');
  reader.follow('ns/a', target, stream, emptyTally);
  await respond(server, stream, 200, 4);
  await reaches(reader, 'ns/a', 4);
  await server.client.flushall();
  await respond(server, stream, 500, 1, '1-1');
  await respond(server, stream, 500, 1, '1-2');
  expect(await reaches(reader, 'ns/a', 6)).toMatchObject({ lastId: '1-2', failed: 2, missed: 0, sampled: 0 });
});

test('counts what was trimmed before it was read, and tells how much that was', async () => {
  const { server, reader, target } = await arrange();
  const stream = responseStreamKey('a');
  await respond(server, stream, 200, 10);
  reader.follow('ns/a', target, stream, emptyTally);
  const persisted = await reaches(reader, 'ns/a', 10);
  reader.unfollow('ns/a');
  await respond(server, stream, 200, 50);
  await server.client.xtrim(stream, 'MAXLEN', 5);
  reader.follow('ns/a', target, stream, persisted);
  expect(await reaches(reader, 'ns/a', 60)).toMatchObject({ missed: 45, sampled: 45, codes: { 200: 60 } });
});

test('entries nobody can read are counted and never stop the others', async () => {
  const { server, reader, target } = await arrange();
  const stream = responseStreamKey('a');
  reader.follow('ns/a', target, stream, emptyTally);
  await server.client.xadd(stream, '*', 'garbage', '\u0000\uffff{');
  await server.client.xadd(stream, '*', 'ref', 'r', 'res', '{"code":');
  await server.client.xadd(stream, '*', 'ref', 'r', 'code', '200', 'res', 'x'.repeat(3_000_000));
  await respond(server, stream, 200, 2);
  expect(await reaches(reader, 'ns/a', 3)).toMatchObject({ unreadable: 2 });
});

test('a key of another type stops its own follower alone, and is found again when it is a stream', async () => {
  const { server, reader, target } = await arrange();
  const [good, bad] = [responseStreamKey('good'), responseStreamKey('bad')];
  await server.client.set(bad, 'text');
  reader.follow('ns/good', target, good, emptyTally);
  reader.follow('ns/bad', target, bad, emptyTally);
  await respond(server, good, 200, 3);
  await reaches(reader, 'ns/good', 3);
  expect(await eventually('the fault is told', () => reader.fault('ns/bad'))).toMatchObject({ code: 'RedisWrongType' });
  expect(reader.fault('ns/good')).toBeUndefined();
  await server.client.del(bad);
  await respond(server, bad, 200, 1);
  await respond(server, good, 200, 1);
  await reaches(reader, 'ns/bad', 1);
  expect(reader.fault('ns/bad')).toBeUndefined();
});

test('a key that becomes another type while it is followed holds up nobody else', async () => {
  const { server, reader, target } = await arrange();
  const [good, bad] = [responseStreamKey('good'), responseStreamKey('bad')];
  reader.follow('ns/good', target, good, emptyTally);
  reader.follow('ns/bad', target, bad, emptyTally);
  await respond(server, bad, 200, 1);
  await reaches(reader, 'ns/bad', 1);
  await server.client.set(bad, 'text');
  await respond(server, good, 200, 1);
  await reaches(reader, 'ns/good', 1);
  await eventually('the fault is told', () => reader.fault('ns/bad')?.code === 'RedisWrongType');
  await respond(server, good, 200, 1);
  await reaches(reader, 'ns/good', 2);
});

test('following again changes nothing, and another stream starts over', async () => {
  const { server, reader, target } = await arrange();
  const [a, b] = [responseStreamKey('a'), responseStreamKey('b')];
  reader.follow('ns/a', target, a, emptyTally);
  await respond(server, a, 200, 2);
  await reaches(reader, 'ns/a', 2);
  reader.follow('ns/a', target, a, emptyTally);
  expect(reader.tally('ns/a')?.total).toBe(2);
  reader.follow('ns/a', target, b, emptyTally);
  expect(reader.tally('ns/a')?.total).toBe(0);
});

test('a server that hangs is noticed and read again when it wakes', async () => {
  const { server, reader, target } = await arrange({ checkMs: 50, commandMs: 200 });
  const stream = responseStreamKey('a');
  reader.follow('ns/a', target, stream, emptyTally);
  await respond(server, stream, 200, 1);
  await reaches(reader, 'ns/a', 1);
  process.kill(server.pid(), 'SIGSTOP');
  reader.follow('ns/b', target, stream, emptyTally);
  try {
    await eventually('the fault is told', () => reader.fault('ns/a')?.message.includes('in time'));
  } finally {
    process.kill(server.pid(), 'SIGCONT');
  }
  await respond(server, stream, 200, 1);
  await reaches(reader, 'ns/a', 2);
});

test('closing leaves no connection and no timer behind', async () => {
  const { server, reader, target } = await arrange();
  reader.follow('ns/a', target, responseStreamKey('a'), emptyTally);
  const isTold = async () => String(await server.client.client('LIST')).includes('sub=1');
  await eventually('the server tells of changes', isTold);
  await reader.close();
  await eventually('it does no more', async () => !await isTold());
});
