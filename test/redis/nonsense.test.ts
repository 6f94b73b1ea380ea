/** Servers that are no Redis, or one gone mad, as the operator tells of them. */
import { inspect } from 'node:util';
import { afterEach, describe, expect, test } from 'vitest';
import { RedisConnections } from '../../operator/redis/connections.ts';
import { RedisFault } from '../../operator/redis/fault.ts';
import { maxReplyBytes } from '../../operator/redis/reply-bound.ts';
import { script } from '../../operator/redis/script.ts';
import { consumersOf } from '../../operator/redis/streams.ts';
import type { RedisTarget } from '../../operator/redis/target.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { endless, manners, type Nonsense, startEndless, startNonsense } from '../support/nonsense.ts';
import { startRedis } from '../support/redis.ts';
import { targetAt } from '../support/redis-target.ts';

const secret = 'canary-77ab';
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

async function serve(manner: keyof typeof manners): Promise<{ server: Nonsense; target: RedisTarget }> {
  const server = await startNonsense(manner);
  cleanups.push(() => server.stop());
  return { server, target: targetAt(server, { username: 'u', password: secret }) };
}

function connect(): RedisConnections {
  const connections = new RedisConnections({ commandMs: 100, random: () => 0, clock: new ManualClock() });
  cleanups.push(() => connections.close());
  return connections;
}

const subject = String.raw`Redis (at|"m" of the Sentinels at|Cluster at) 127\.0\.0\.1:\d+`;

async function expectOneSentence(work: Promise<unknown>): Promise<string> {
  const error = await work.then(() => undefined, (reason: unknown) => reason);
  expect(error).toBeInstanceOf(RedisFault);
  const { message } = error as RedisFault;
  expect(message).toMatch(new RegExp(`^${subject} (\\(user "u"\\) )?[ -~]*\\.$`));
  expect(message.length).toBeLessThan(450);
  expect(inspect(error, { depth: 20, showHidden: true })).not.toContain(secret);
  return message;
}

test.each(Object.keys(manners) as (keyof typeof manners)[])(
  'a server that %s is told in one bounded sentence, and left alone for a while',
  async (manner) => {
    const { server, target } = await serve(manner);
    const connections = connect();
    const link = connections.control(target);
    await expectOneSentence(link.command('XINFO', 'STREAM', 's'));
    await expectOneSentence(connections.blocking(target, 'x').command(100, 'XREAD', 'STREAMS', 's', '0'));
    const before = server.connections();
    for (let again = 0; again < 20; again++) await expectOneSentence(link.command('PING'));
    expect(server.connections() - before).toBeLessThan(2);
  },
);

test('what is no Redis is called so', async () => {
  for (const manner of ['speaks HTTP', 'answers garbage'] as const) {
    const { target } = await serve(manner);
    expect(await expectOneSentence(connect().control(target).command('PING'))).toContain(
      'what answers there is no Redis',
    );
  }
});

describe.each([{ kind: 'Sentinel', masterName: 'm' }, { kind: 'Cluster' }] as const)('in a $kind', (topology) => {
  test.each(Object.keys(manners) as (keyof typeof manners)[])('one that %s is told the same way', async (manner) => {
    const { target } = await serve(manner);
    const connections = connect();
    const foreign = { closed: [] };
    const login = { sentinel: { username: 'u', password: secret } };
    for (const one of [{ ...target, ...login, topology }, { ...target, ...login, topology, foreign }]) {
      const link = connections.control(one);
      await expectOneSentence(link.command('XINFO', 'STREAM', 's'));
      await expectOneSentence(link.pipeline([['XLEN', 's']]));
      await expectOneSentence(connections.blocking(one, 's').command(100, 'XREAD', 'STREAMS', 's', '0'));
    }
  });
});

test('a Cluster that leads in a circle, or out of reach, is followed for a few steps', async () => {
  const { server } = await serve('leads to itself');
  const target = targetAt(server, { topology: { kind: 'Cluster' } });
  const connections = connect();
  const command = connections.control(target).command('XLEN', 's');
  await expect(command).rejects.toMatchObject({ code: 'RedisLoading' });
  await expect(connections.blocking(target, 's').command(5000, 'XREAD', 'STREAMS', 's', '0')).rejects.toMatchObject({
    code: 'RedisLoading',
  });
  expect(server.connections()).toBeLessThan(12);
});

describe('of a server that an author has named', () => {
  const foreign = { closed: [] };

  test.each(Object.keys(manners) as (keyof typeof manners)[])('that %s, no word is repeated', async (manner) => {
    const { target } = await serve(manner);
    const link = connect().control({ ...target, foreign });
    const told = await expectOneSentence(link.command('XINFO', 'STREAM', 's'));
    expect(told).not.toMatch(/Bad Request|!!|PO\b|unknown command/);
  });

  test('the class of a refusal is told, with the command that was refused', async () => {
    const redis = await startRedis();
    cleanups.push(() => redis.stop());
    await redis.client.set('text', 'x');
    const link = connect().control(targetAt(redis, { foreign }));
    await expect(link.command('XLEN', 'text')).rejects.toMatchObject({
      code: 'RedisWrongType',
      message:
        `Redis at 127.0.0.1:${redis.port} holds another type of value under this key: XLEN; rename or remove the key that is in the way.`,
    });
    // What is decided by a server's words is decided as ever.
    expect(await link.script(script('return 1'), [], [])).toBe(1);
    expect(await consumersOf(link, 'nowhere', 'worker')).toEqual([]);
  });

  test.each(Object.keys(endless) as (keyof typeof endless)[])(
    'no more is read of %s than can have been asked for, before the login too',
    async (opening) => {
      const server = await startEndless(opening);
      cleanups.push(() => server.stop());
      const connections = new RedisConnections({ clock: new ManualClock() });
      cleanups.push(() => connections.close());
      const target = targetAt(server, { username: 'u', password: secret, foreign });
      expect(await expectOneSentence(connections.control(target).command('PING'))).toContain('it sends too much');
      expect(server.sent()).toBeLessThan(maxReplyBytes + 16 * 1024 * 1024);
    },
  );

  test.each(['127.0.0.1', 'localhost'])('no connection is made to %s where that is closed', async (host) => {
    const { server } = await serve('answers garbage');
    const closed = targetAt({ host, port: server.port }, { foreign: { closed: ['127.0.0.0/8', '::1/128'] } });
    const connections = connect();
    const [shared, blocking] = [connections.control(closed), connections.blocking(closed, 'x')];
    const both = [shared.command('PING'), blocking.command(5000, 'PING')];
    await Promise.all(both.map((work) => expect(work).rejects.toMatchObject({ code: 'RedisHostRefused' })));
    expect(server.connections()).toBe(0);
  });
});
