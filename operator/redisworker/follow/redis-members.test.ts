import { describe, expect, onTestFinished, test } from 'vitest';
import type { HostPort } from '../../../contract/host-port.ts';
import { ManualClock } from '../../../test/support/manual-clock.ts';
import { RedisFault } from '../../redis/fault.ts';
import { parseRedisUrl, type RedisTarget } from '../../redis/target.ts';
import { goneAfterMs } from '../network/redis-roster.ts';
import { RedisMembers } from './redis-members.ts';

const url = 'redis+cluster://a:6379';
const target = targetOf(url);
const fault = new RedisFault('RedisUnreachable', 'down', target, 'closed');

function targetOf(text: string, password = 'p'): RedisTarget {
  const parsed = parseRedisUrl(text);
  if (!parsed.ok) throw new Error(parsed.problem);
  return { ...parsed.target, password };
}

const servers = (hosts: string): HostPort[] => Array.from(hosts).map((host) => ({ host, port: 6379 }));

/** Members on a clock of their own, and a Redis that says what `says` holds. */
function setUp(clock = new ManualClock(), defaultRedis?: RedisTarget) {
  const redis = { says: 'ab' as string | RedisFault, asked: [] as (readonly HostPort[])[] };
  const enqueued: string[] = [];
  const members = new RedisMembers({
    clock,
    enqueue: (key) => enqueued.push(key),
    defaultRedis: () => defaultRedis,
    discover: (_, known) => {
      redis.asked.push(known);
      return typeof redis.says === 'string' ? Promise.resolve(servers(redis.says)) : Promise.reject(redis.says);
    },
  });
  onTestFinished(() => members.close());
  const look = async (key = 'n/w', remembered = '', of = target) => {
    members.known(key, url, () => servers(remembered));
    const view = await members.look(key, of);
    members.keep(key, of);
    return { text: view.members.map(({ host }) => host).join(''), fault: view.fault };
  };
  return { clock, redis, enqueued, members, look };
}

describe('the members of a Redis', () => {
  test('are there at the first look, and asked for once for all workers and logins that are the same', async () => {
    const { look, redis, members, clock } = setUp();
    expect(await look('n/w')).toEqual({ text: 'ab', fault: undefined });
    await look('n/v');
    await look('n/v', '', { ...target, foreign: undefined as never });
    expect(redis.asked).toHaveLength(1);
    await look('n/u', '', targetOf(url, 'another'));
    expect(redis.asked).toHaveLength(2);
    for (const key of ['n/w', 'n/v', 'n/u']) members.forget(key);
    expect(clock.pending).toBe(0);
  });

  test('have the workers that use them looked at when there is a new one, and not when another of them leads', async () => {
    const { look, redis, clock, enqueued } = setUp();
    await look('n/w');
    await look('n/v');
    redis.says = 'ba';
    await clock.advance(30_000);
    expect(enqueued).toEqual([]);
    redis.says = 'abc';
    await clock.advance(30_000);
    expect([enqueued, (await look()).text]).toEqual([['n/w', 'n/v'], 'abc']);
  });

  test('stay through an answer that leaves some of them out, and through none', async () => {
    const { look, redis, clock } = setUp();
    await look();
    redis.says = 'a';
    await clock.advance(30_000);
    expect((await look()).text).toBe('ab');
    redis.says = fault;
    await clock.advance(10 * goneAfterMs);
    expect(await look()).toEqual({ text: 'ab', fault });
    redis.says = 'a';
    await clock.advance(30_000);
    expect(await look()).toEqual({ text: 'ab', fault: undefined });
    for (let passed = 0; passed < goneAfterMs; passed += 30_000) {
      await look();
      await clock.advance(30_000);
    }
    expect((await look()).text).toBe('a');
  });

  test('are those the policy remembers before the Redis has answered, for its own worker alone', async () => {
    const { look, redis } = setUp();
    redis.says = fault;
    expect(await look('n/w', 'bc')).toEqual({ text: 'bc', fault });
    expect(await look('n/v')).toEqual({ text: '', fault });
  });

  test('of another Redis are not those of the one before', async () => {
    const { members, look } = setUp();
    await look();
    expect(members.known('n/w', 'redis+cluster://other:6379', () => servers('x'))).toEqual(servers('x'));
  });

  test('are asked for again soon after a fault, and by those who were found when the named ones are gone', async () => {
    const { look, redis, clock } = setUp();
    await look();
    redis.says = fault;
    await clock.advance(30_000);
    await clock.advance(1000);
    expect(redis.asked).toEqual([[], servers('ab'), servers('ab')]);
  });

  test('are asked for at once when they are doubted, and not more than once a second', async () => {
    const { look, redis, clock, members } = setUp();
    await look();
    members.doubt(target);
    members.doubt(target);
    await clock.advance(999);
    expect(redis.asked).toHaveLength(1);
    await clock.advance(1);
    expect(redis.asked).toHaveLength(2);
    await clock.advance(10_000);
    members.doubt(target);
    await clock.advance(0);
    expect(redis.asked).toHaveLength(3);
    members.doubt(targetOf('redis+cluster://unknown:1'));
  });

  test('of the default Redis are known although no worker uses it', async () => {
    const { members, clock } = setUp(new ManualClock(), target);
    expect(members.ofDefault()).toEqual([]);
    await members.start();
    expect(members.ofDefault()).toEqual(servers('ab'));
    members.keep('n/w', undefined);
    members.forget('n/w');
    expect(clock.pending).toBe(1);
  });
});
