import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { WorkQueue } from './work-queue.ts';

function queueOf(random = 1): { clock: ManualClock; queue: WorkQueue } {
  const clock = new ManualClock();
  return { clock, queue: new WorkQueue({ clock, random: () => random }) };
}

async function takeAll(queue: WorkQueue): Promise<string[]> {
  const taken: string[] = [];
  while (queue.depth > 0) {
    const key = (await queue.get()) as string;
    taken.push(key);
    queue.done(key);
  }
  return taken;
}

test('hands out a key once, however often it was added', async () => {
  const { queue } = queueOf();
  for (const key of ['a', 'b', 'a', 'a']) queue.add(key);
  expect(await takeAll(queue)).toEqual(['a', 'b']);
});

test('a key added while it runs runs once more, and never twice at a time', async () => {
  const { queue } = queueOf();
  queue.add('a');
  expect(await queue.get()).toBe('a');
  queue.add('a');
  queue.add('a');
  expect(queue.depth).toBe(0);
  queue.done('a');
  expect(await takeAll(queue)).toEqual(['a']);
});

test('what happens to a key until it is due is seen by one look, also when it began while the key ran', async () => {
  const { clock, queue } = queueOf();
  queue.addWithin('a', 1000);
  await clock.advance(500);
  queue.addWithin('a', 1000);
  expect(queue.depth).toBe(0);
  await clock.advance(500);
  expect(await queue.get()).toBe('a');
  queue.addWithin('a', 1000);
  queue.forget('a'); // the look went well
  queue.done('a');
  await clock.advance(999);
  expect(queue.depth).toBe(0);
  await clock.advance(1);
  expect(await takeAll(queue)).toEqual(['a']);
  await clock.advance(2000);
  expect(queue.depth).toBe(0);
});

test('a key that is added at once is not held back by what would have gathered, and gathers nothing while it waits', async () => {
  const { clock, queue } = queueOf();
  queue.addWithin('a', 1000);
  queue.add('a');
  queue.addWithin('a', 1000);
  expect(await queue.get()).toBe('a');
  queue.addWithin('a', 1000);
  queue.add('a');
  queue.addWithin('a', 1000);
  queue.forget('a');
  queue.done('a');
  expect(await takeAll(queue)).toEqual(['a']);
  queue.forget('a');
  expect(clock.pending).toBe(0);
});

test('a worker that waits gets the next key as soon as it is added', async () => {
  const { queue } = queueOf();
  const next = queue.get();
  queue.add('a');
  expect(await next).toBe('a');
});

test('normal keys go before low ones, and lift a low one that is added again', async () => {
  const { queue } = queueOf();
  for (const key of ['r1', 'r2', 'r3']) queue.add(key, 'low');
  queue.add('change');
  queue.add('r3');
  expect(await takeAll(queue)).toEqual(['change', 'r3', 'r1', 'r2']);
});

test('high keys go before all others, and a key is lifted and never put back', async () => {
  const { queue } = queueOf();
  for (const key of ['r1', 'woken']) queue.add(key, 'low');
  queue.add('change');
  for (const priority of ['high', 'normal', 'low'] as const) queue.add('woken', priority);
  expect(await takeAll(queue)).toEqual(['woken', 'change', 'r1']);
});

test('who waits for high keys alone gets no other, and does not stand in the way of those who take any', async () => {
  const { queue } = queueOf();
  const [urgent, any] = [queue.get('high'), queue.get()];
  queue.add('change');
  expect(await any).toBe('change');
  queue.add('woken', 'high');
  expect(await urgent).toBe('woken');
  for (const key of ['change', 'woken']) queue.done(key);
  const last = queue.get('high');
  await queue.shutDown();
  expect(await last).toBeUndefined();
});

test('of several delayed adds the earliest counts', async () => {
  const { clock, queue } = queueOf();
  queue.addAfter('a', 500);
  queue.addAfter('a', 100);
  queue.addAfter('a', 900);
  await clock.advance(99);
  expect(queue.depth).toBe(0);
  await clock.advance(1);
  expect(queue.depth).toBe(1);
  expect(clock.pending).toBe(0);
});

test('pauses double with every failure up to five minutes, and start over when the key is forgotten', () => {
  const { queue } = queueOf();
  const pauses = Array.from({ length: 14 }, () => queue.retry('a'));
  expect(pauses.slice(0, 5)).toEqual([100, 200, 400, 800, 1600]);
  expect(pauses.at(-1)).toBe(300_000);
  expect(queue.failures('a')).toBe(14);
  queue.forget('a');
  expect(queue.retry('a')).toBe(100);
});

test('chance shortens a pause by at most half, and a server may ask for a longer one', () => {
  const { queue } = queueOf(0);
  expect(queue.retry('a')).toBe(50);
  expect(queue.retry('b', 7000)).toBe(7000);
});

test('a key that failed keeps its pause whatever adds it, also what came while it ran', async () => {
  const { clock, queue } = queueOf();
  for (const pause of [100, 200, 400]) {
    queue.add('a');
    expect(await queue.get()).toBe('a');
    queue.add('a');
    expect(queue.retry('a')).toBe(pause);
    queue.done('a');
    queue.add('a');
    queue.addAfter('a', 1);
    await clock.advance(pause - 1);
    expect(queue.depth).toBe(0);
    await clock.advance(1);
    expect(queue.depth).toBe(1);
  }
  expect(queue.failures('a')).toBe(3);
});

test('a key that is renewed runs at once and starts over, also when it was renewed while it ran', async () => {
  const { queue } = queueOf();
  queue.add('a');
  await queue.get();
  queue.retry('a');
  queue.done('a');
  queue.renew('a');
  expect([queue.depth, queue.failures('a')]).toEqual([1, 0]);
  await queue.get();
  queue.renew('a');
  queue.add('a');
  queue.retry('a');
  queue.done('a');
  expect([queue.depth, queue.failures('a')]).toEqual([1, 0]);
});

test('a shut down queue lets waiting workers go, drops what waits and settles with the last running key', async () => {
  const { clock, queue } = queueOf();
  queue.add('running');
  await queue.get();
  queue.add('waits');
  queue.addAfter('later', 50);
  let drained = false;
  const shut = queue.shutDown().then(() => (drained = true));
  expect(await queue.get()).toBeUndefined();
  queue.add('too late');
  await clock.advance(100);
  expect([queue.depth, drained, clock.pending]).toEqual([0, false, 0]);
  queue.done('running');
  await shut;
  expect(drained).toBe(true);
});

test('tells how long the longest running key has been running', async () => {
  const { clock, queue } = queueOf();
  expect(queue.longestRunningSeconds).toBe(0);
  queue.add('a');
  await queue.get();
  await clock.advance(3000);
  expect(queue.longestRunningSeconds).toBe(3);
});

test('whatever is added, every key runs after its last add and no key runs twice at once', async () => {
  const step = fc.record({
    key: fc.constantFrom('a', 'b', 'c'),
    op: fc.constantFrom('add', 'low', 'after', 'within', 'take', 'done', 'tick'),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const { clock, queue } = queueOf();
      const running = new Set<string>();
      const owed = new Set<string>();
      const take = async (): Promise<void> => {
        if (queue.depth === 0) return;
        const key = (await queue.get()) as string;
        expect(running.has(key)).toBe(false);
        running.add(key);
        owed.delete(key);
      };
      const finish = (key: string): void => {
        if (running.delete(key)) queue.done(key);
      };
      const owe = (key: string, add: () => void): void => {
        owed.add(key);
        add();
      };
      const operations: Record<string, (key: string) => unknown> = {
        add: (key) => owe(key, () => queue.add(key)),
        low: (key) => owe(key, () => queue.add(key, 'low')),
        after: (key) => owe(key, () => queue.addAfter(key, 10)),
        within: (key) => owe(key, () => queue.addWithin(key, 10)),
        take,
        done: finish,
        tick: () => clock.advance(10),
      };
      for (const { key, op } of steps) await operations[op]?.(key);
      await clock.advance(10);
      do {
        running.forEach(finish);
        await clock.advance(10);
        await take();
      } while (queue.depth > 0 || running.size > 0);
      expect([...owed]).toEqual([]);
    }),
    { numRuns: 60 },
  );
});

test('what a key was to be looked at for is over once it is well: no look comes of what an earlier one had put off', async () => {
  const { clock, queue } = queueOf();
  queue.addAfter('a', 60_000);
  queue.add('a');
  expect(await takeAll(queue)).toEqual(['a']);
  queue.forget('a');
  await clock.advance(120_000);
  expect([queue.depth, clock.pending]).toEqual([0, 0]);
});
