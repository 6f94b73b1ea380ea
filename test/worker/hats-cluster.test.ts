/**
 * A HATS cluster as a whole: beside workers of the older kind, whose writes are played as they were recorded from them,
 * and with workers that are killed.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startHats, type TestHats, writeJob, writeThread } from '../support/hats.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { amount } from '../support/thorough.ts';
import { eventually } from '../support/wait.ts';

const patience = 90_000;
let redis: TestRedis;
const running: TestHats[] = [];

beforeAll(async () => {
  redis = await startRedis();
});
afterAll(async () => {
  await Promise.all(running.map((worker) => worker.stop()));
  await redis.stop();
});

async function worker(type: string, id = '1'): Promise<TestHats> {
  const started = await startHats({ on: redis, type, id });
  running.push(started);
  return started;
}

const nanoseconds = (ms: number) => `${ms}000000`;
const field = async (key: string, name: string) => await redis.client.hget(key, name);
const becomes = (key: string, name: string, value: string) =>
  eventually(`${name} of ${key} is ${value}`, async () => await field(key, name) === value, patience);

/** A worker of the older kind gives a sign of life each second. */
async function older(cluster: string, name: string, at: number, state = 'online'): Promise<void> {
  await redis.client.hset(`${cluster}:workers:${name}`, {
    State: state,
    Status: 'enabled',
    Heartbeat: nanoseconds(at),
  });
}

test('what a worker of the older kind leaves is taken, and what it is busy with is not, whatever its heartbeat says', async () => {
  const source = `function main() { redis.Do('INCR', 'mixed:' + thread.Key); }`;
  const taken = (name: string, more: Record<string, string>) => writeThread(redis, 'mixed', name, source, more);
  const stale = nanoseconds(Date.now() - 60_000);
  // It lives, and main() of its thread takes long: no heartbeat of the thread meanwhile.
  await older('mixed', 'busy', Date.now() + 600_000);
  const busy = await taken('busy', { State: 'running', Owner: 'busy', Heartbeat: stale });
  // It was killed; and it was ended well, and left State as it was.
  await older('mixed', 'killed', Date.now() - 60_000);
  const left = await taken('left', { State: 'running', Owner: 'killed', Heartbeat: stale });
  await older('mixed', 'ended', Date.now(), 'offline');
  const ended = await taken('ended', { State: 'running', Owner: 'ended', Heartbeat: stale });
  // Without a source, or as the stub that a purge leaves behind.
  const empty = await taken('empty', { Source: '' });
  await redis.client.hset('mixed:Threads:stub', 'Heartbeat', stale);
  const { name } = await worker('mixed');
  for (const key of [left, ended]) await becomes(key, 'Owner', name);
  expect(await redis.client.hmget(busy, 'Owner', 'State')).toEqual(['busy', 'running']);
  expect(await redis.client.hmget(empty, 'Owner', 'State')).toEqual(['', 'stopped']);
  expect(await redis.client.hgetall('mixed:Threads:stub')).toEqual({ Heartbeat: stale });
});

test('a worker of the older kind that takes a thread at the same moment gets it, and its late "stopped" takes nothing from ours', async () => {
  const key = await writeThread(redis, 'race', 't.js', `function main() { redis.Do('INCR', 'race:count'); }`);
  const { name } = await worker('race');
  await becomes(key, 'Owner', name);
  // Its three writes of taking, after it had seen the thread stopped.
  await redis.client.hset(key, 'State', 'running');
  await redis.client.hset(key, 'Heartbeat', nanoseconds(Date.now() + 60_000));
  await redis.client.hset(key, 'Owner', 'older');
  await older('race', 'older', Date.now() + 600_000);
  await eventually('ours has ended', () => running.at(-1)?.output().includes('another worker has it'), patience);
  expect(await redis.client.hmget(key, 'Owner', 'State')).toEqual(['older', 'running']);
  // It ends, and leaves it; ours takes it, and hears the last write of a third one that has lost it before.
  await redis.client.hset(key, 'State', 'stopped');
  await becomes(key, 'Owner', name);
  await redis.client.hset(key, 'State', 'stopped');
  await becomes(key, 'State', 'running');
  expect(await field(key, 'Owner')).toBe(name);
});

test('a worker of the older kind that takes a job at the same tick gets it, and ours is heard of no more', async () => {
  const source = `redis.Do('INCR', 'both:begun'); redis.Blpop(0, 'both:none'); redis.Do('INCR', 'both:ended');`;
  const key = await writeJob(redis, 'both', 'b.js', { Cron: '@every 1s', Source: source });
  const { name } = await worker('both');
  await becomes(key, 'Owner', name);
  await eventually('ours has begun', async () => await redis.client.get('both:begun') === '1', patience);
  await older('both', 'older', Date.now() + 600_000);
  // Its three writes of taking; it had seen the field Owner empty before ours took the job.
  await redis.client.hset(key, 'State', 'running');
  await redis.client.hset(key, 'Heartbeat', nanoseconds(Date.now() + 60_000));
  await redis.client.hset(key, 'Owner', 'older');
  await eventually('ours has ended', () => running.at(-1)?.output().includes('job left'), patience);
  expect(await redis.client.hmget(key, 'Owner', 'State')).toEqual(['older', 'running']);
  // It ends; from then on ours takes ticks as before.
  await redis.client.hset(key, 'State', 'stopped');
  await redis.client.hset(key, 'Heartbeat', nanoseconds(Date.now()));
  await redis.client.hset(key, 'Owner', '');
  await becomes(key, 'Owner', name);
  expect([await redis.client.get('both:ended'), await redis.client.xlen('both:res:x')]).toEqual([null, 0]);
});

test('a job that ran on a worker of the older kind is not run again for the same tick, and one whose owner died is free', async () => {
  const count = (name: string) => ({ Cron: '@every 1s', Source: `redis.Do('INCR', 'ticks:${name}')` });
  await older('ticks', 'dead', Date.now() - 60_000);
  const stuck = await writeJob(redis, 'ticks', 'stuck', { ...count('stuck'), State: 'running', Owner: 'dead' });
  await older('ticks', 'alive', Date.now() + 600_000);
  const held = await writeJob(redis, 'ticks', 'held', { ...count('held'), State: 'running', Owner: 'alive' });
  // Its run of this and of all ticks of the next minute is noted by a heartbeat alone.
  await writeJob(redis, 'ticks', 'done', { ...count('done'), Heartbeat: nanoseconds(Date.now() + 60_000) });
  await worker('ticks');
  await eventually('the free one ran', async () => Number(await redis.client.get('ticks:stuck')) >= 3, patience);
  expect(await redis.client.mget('ticks:held', 'ticks:done')).toEqual([null, null]);
  expect(await redis.client.hmget(held, 'Owner', 'State')).toEqual(['alive', 'running']);
  expect(await field(stuck, 'Error')).toBe('');
});

test('a tick that comes before a run that is late has begun waits for its end', async () => {
  const far = nanoseconds(Date.now() + 600_000);
  const held = {
    State: 'running',
    Owner: 'late-9',
    Fenced: 'late-9',
    Fence: '1',
    Heartbeat: far,
    Beat: far,
    Began: far,
  };
  const key = await writeJob(redis, 'late', 'l.js', {
    Cron: '@every 5s',
    Source: `redis.Do('INCR', 'late:runs')`,
    ...held,
  });
  await worker('late');
  await eventually('it works', () => running.at(-1)?.output().includes('working'), patience);
  const tick = (Math.floor(Date.now() / 5000) + 1) * 5000;
  await eventually('the tick has come', () => Date.now() > tick + 200, patience);
  expect(await redis.client.get('late:runs')).toBeNull();
  const freed = Date.now();
  await redis.client.hset(key, 'State', 'stopped', 'Fenced', '', 'Owner', '');
  const [row] = await eventually('it ran', async () => {
    const rows = await redis.client.xrange('late:res:x', '-', '+');
    return rows.length > 0 && rows;
  }, patience);
  expect(Date.parse(row?.[1][1]?.slice('Jobs:l.js:'.length) ?? '')).toBeLessThan(freed);
});

test('of hundreds of jobs that are due at once each runs once, whichever worker has it', async () => {
  const jobs = amount(200, 1000);
  const source = `redis.Do('HINCRBY', 'many:' + job.Key, 'runs', 1)`;
  const write = (n: number) => writeJob(redis, 'many', `j${n}`, { Cron: '*/10 * * * * *', Source: source });
  await Promise.all(Array.from({ length: jobs }, (_, n) => write(n)));
  await Promise.all(['1', '2', '3'].map((id) => worker('many', id)));
  const runs = await eventually('all have run for one tick', async () => {
    const rows = await redis.client.xrange('many:res:x', '-', '+');
    const refs = rows.map(([, fields]) => fields[1] ?? '');
    const ticks = Map.groupBy(refs, (ref) => ref.slice(-'2026-11-30T12:00:00.000Z'.length));
    const whole = [...ticks.values()].find((ofTick) => new Set(ofTick).size === jobs);
    return whole && { refs, whole, owners: new Set(rows.map(([, fields]) => fields[9])) };
  }, patience);
  expect(runs.whole.length).toBe(jobs);
  expect(new Set(runs.refs).size).toBe(runs.refs.length);
  expect(runs.owners.size).toBeGreaterThan(1);
});

test('threads on workers that are killed run on elsewhere, never two at once, and none is left', async () => {
  const threads = amount(12, 500);
  const pods = amount(3, 5);
  const kills = amount(3, 120);
  // Of two that run at once, one would find the mark of the other; that of a killed one is gone before anybody may take over.
  const source = `var me = Math.random();
    function main() {
      var key = 'kill:turn:' + thread.Key;
      if (redis.Do('SET', key, me, 'NX', 'PX', 1500) !== 'OK') { redis.Do('INCR', 'kill:twice'); return; }
      redis.Do('HINCRBY', 'kill:turns', thread.Key, 1);
      redis.Do('DEL', key);
    }`;
  const keys = await Promise.all(
    Array.from(
      { length: threads },
      (_, n) => writeThread(redis, 'kill', `t${n}`, source, { DeadSeconds: '2', Hang: '50000000' }),
    ),
  );
  const living = await Promise.all(Array.from({ length: pods }, (_, n) => worker('kill', String(n))));
  const turns = async () => Object.values(await redis.client.hgetall('kill:turns')).map(Number);
  await eventually('all run', async () => (await turns()).length === threads, patience);
  for (let kill = 0; kill < kills; kill++) {
    living[kill % pods]?.child.kill('SIGKILL');
    living[kill % pods] = await worker('kill', String(kill % pods));
  }
  const names = new Set(living.map(({ name }) => name));
  await eventually('each has an owner that lives', async () => {
    const owners = await Promise.all(keys.map((key) => redis.client.hmget(key, 'Owner', 'State', 'Heartbeat')));
    return owners.every(([owner, state, beat]) =>
      names.has(owner ?? '') && state === 'running' && Date.now() - Number(beat) / 1e6 < 2000
    );
  }, patience);
  const before = await turns();
  await eventually('all go on', async () => (await turns()).every((count, n) => count > (before[n] ?? 0)), patience);
  expect(await redis.client.get('kill:twice')).toBeNull();
}, amount(300_000, 3_600_000));
