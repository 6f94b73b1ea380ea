import { expect, test } from 'vitest';
import { ManualClock } from '../test/support/manual-clock.ts';
import { startResync } from './resync.ts';

const [everyMs, roundMs] = [600_000, 60_000];

function resyncing(count: number) {
  const clock = new ManualClock();
  const keys = Array.from({ length: count }, (_, at) => `default/w${at}`);
  const looks: string[] = [];
  let rounds = 0;
  const stop = startResync({
    clock,
    everyMs,
    roundMs,
    random: () => 0.5,
    keys: () => keys,
    look: (key) => looks.push(key),
    begins: () => rounds++,
  });
  return { clock, keys, looks, stop, rounds: () => rounds };
}

test('every worker is looked at when it begins, and once more in each round', async () => {
  const { clock, keys, looks, stop, rounds } = resyncing(1000);
  expect(looks).toEqual(keys);
  for (const round of [2, 3, 4]) {
    looks.length = 0;
    await clock.advance(everyMs - 2 * roundMs);
    expect(looks).toEqual([]); // the round before is over
    await clock.advance(2 * roundMs);
    if (round === 2) await clock.advance(roundMs); // the first round begins now
    expect([looks.length, new Set(looks).size, rounds()]).toEqual([1000, 1000, round]);
  }
  stop();
});

test.each([3, 60, 1000, 5000])(
  'a round looks at few of %d at a time, or who is woken meanwhile would wait for all',
  async (count) => {
    const { clock, looks, stop } = resyncing(count);
    for (let second = 0; second < 700; second++) {
      looks.length = 0;
      await clock.advance(1000);
      expect(looks.length).toBeLessThanOrEqual(Math.ceil(count / 60));
    }
    stop();
  },
);

test('workers that come and go between two rounds are in the next one, and in none', async () => {
  const { clock, keys, looks, stop } = resyncing(2);
  keys.splice(0, 1, 'default/new');
  looks.length = 0;
  await clock.advance(everyMs + roundMs);
  expect(looks).toEqual(['default/new', 'default/w1']);
  stop();
});

test('one that is stopped looks at nobody any more', async () => {
  const { clock, looks, stop } = resyncing(1000);
  await clock.advance(5000);
  stop();
  const before = looks.length;
  await clock.advance(3 * everyMs);
  expect(looks).toHaveLength(before);
});
