import { afterEach, expect, test } from 'vitest';
import { ManualClock, settled } from '../../test/support/manual-clock.ts';
import { TerminalError, TransientError } from '../errors.ts';
import { type Controller, type Outcome, type ReconcileResult, startController } from './controller.ts';
import { WorkQueue } from './work-queue.ts';

const running: Controller[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((controller) => controller.stop()));
});

interface Line {
  level: string;
  fields: Record<string, unknown>;
  message: string;
}

function start(reconcile: (key: string, signal: AbortSignal) => Outcome | Promise<Outcome>, concurrency = 2) {
  const clock = new ManualClock();
  const queue = new WorkQueue({ clock, random: () => 1 });
  const lines: Line[] = [];
  const results: ReconcileResult[] = [];
  const line = (level: string) => (fields: object, message: string) =>
    void lines.push({ level, fields: { ...fields }, message });
  const controller = startController({
    name: 'redisworker',
    queue,
    concurrency,
    urgentConcurrency: 1,
    clock,
    reconcile: async (key, signal) => reconcile(key, signal),
    log: { debug: line('debug'), warn: line('warn'), error: line('error') },
    metrics: { reconciled: (result) => void results.push(result) },
  });
  running.push(controller);
  return { clock, queue, lines, results, controller };
}

const settledOutcome: Outcome = { kind: 'settled' };

test('a key that settled runs no more until it is added again', async () => {
  const { clock, queue, results } = start(() => settledOutcome);
  queue.add('ns/a');
  await clock.advance(1_000_000);
  expect(results).toEqual(['success']);
});

test('what is urgent is begun while all others are busy, and nothing else is', async () => {
  const begun: string[] = [];
  const ends: (() => void)[] = [];
  const { queue } = start((key) => {
    begun.push(key);
    return new Promise((resolve) => ends.push(() => resolve(settledOutcome)));
  });
  for (const key of ['ns/a', 'ns/b', 'ns/c']) queue.add(key);
  queue.add('ns/woken', 'high');
  await settled();
  expect(begun).toEqual(['ns/a', 'ns/b', 'ns/woken']);
  for (const end of ends) end();
  await settled();
  expect(begun.at(-1)).toBe('ns/c');
  for (const end of ends) end();
});

test('a recheck runs the key again after its time', async () => {
  const seen: number[] = [];
  const { clock, queue } = start(() => {
    seen.push(clock.now());
    return { kind: 'recheck', afterMs: 30_000, why: 'addresses of names expire' };
  });
  const begin = clock.now();
  queue.add('ns/a');
  await clock.advance(60_000);
  expect(seen.map((at) => at - begin)).toEqual([0, 30_000, 60_000]);
});

test('a failing key is retried with growing pauses and starts over after a success', async () => {
  const seen: number[] = [];
  const { clock, queue } = start(() => {
    seen.push(clock.now());
    if (seen.length % 3 !== 0) throw new TransientError('RedisUnreachable', 'no answer');
    return { kind: 'recheck', afterMs: 10_000, why: 'test' };
  });
  const begin = clock.now();
  queue.add('ns/a');
  await clock.advance(10_500);
  expect(seen.map((at) => at - begin)).toEqual([0, 100, 300, 10_300, 10_400]);
});

test('one broken key and one that hangs never delay ninety-nine healthy ones', async () => {
  const done = new Set<string>();
  let attempts = 0;
  const { clock, queue } = start((key, signal) => {
    if (key === 'hangs') {
      return new Promise<Outcome>((_, reject) => signal.addEventListener('abort', () => reject(new Error('aborted'))));
    }
    if (key === 'broken') {
      attempts += 1;
      throw new Error('bug');
    }
    done.add(key);
    return settledOutcome;
  });
  queue.add('broken');
  queue.add('hangs');
  for (let at = 0; at < 99; at++) queue.add(`ns/w${at}`);
  await settled();
  expect(done.size).toBe(99);
  expect(attempts).toBe(1);
  await clock.advance(60_000);
  expect(attempts).toBeLessThan(12);
});

test('a terminal error is not retried, but counted and told', async () => {
  const { clock, queue, results, lines } = start(() => {
    throw new TerminalError('InvalidAllowNet', 'entry 2 names no host');
  });
  queue.add('ns/a');
  await clock.advance(1_000_000);
  expect(results).toEqual(['terminal_error']);
  expect(lines[0]).toMatchObject({
    level: 'warn',
    fields: { object: 'ns/a', reason: 'InvalidAllowNet', error: 'entry 2 names no host' },
  });
});

test('honours the pause a server asks for', async () => {
  const busy = Object.assign(new Error('too many requests'), {
    name: 'ClusterError',
    reason: 'TooManyRequests',
    retryAfterMs: 9000,
  });
  let runs = 0;
  const { clock, queue, lines } = start(() => {
    runs += 1;
    throw busy;
  });
  queue.add('ns/a');
  await clock.advance(8999);
  expect(runs).toBe(1);
  await clock.advance(1);
  expect(runs).toBe(2);
  expect(lines[0]).toMatchObject({ level: 'warn', fields: { reason: 'TooManyRequests', retryInMs: 9000 } });
});

test('tells a bug with its error, and a fault of the world without', async () => {
  const { queue, lines } = start((key) => {
    throw key === 'bug' ? new TypeError('x is undefined') : new TransientError('RedisLoading', 'is loading');
  });
  queue.add('bug');
  queue.add('world');
  await settled();
  const told = Object.fromEntries(lines.map((one) => [one.fields['object'], one]));
  expect(told['bug']).toMatchObject({ level: 'error', fields: { err: expect.any(TypeError) } });
  expect(told['world']?.level).toBe('warn');
  expect(told['world']?.fields).not.toHaveProperty('err');
});

test('stopping aborts what runs, waits for it and takes nothing more', async () => {
  let release = (): void => undefined;
  let aborted = false;
  const { queue, controller, results } = start((_key, signal) =>
    new Promise((resolve) => {
      signal.addEventListener('abort', () => (aborted = true));
      release = () => resolve(settledOutcome);
    })
  );
  queue.add('a');
  await settled();
  let stopped = false;
  const stop = controller.stop().then(() => (stopped = true));
  queue.add('b');
  await settled();
  expect([aborted, stopped]).toEqual([true, false]);
  release();
  await stop;
  expect(results).toEqual(['success']);
});
