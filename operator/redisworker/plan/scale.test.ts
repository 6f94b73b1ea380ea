/** How a number of consumers moves over time, with a backlog that is played through. */
import { expect, test } from 'vitest';
import { type Needs, noted } from '../model/needs.ts';
import type { Demand } from '../model/work.ts';
import { needOf, scaleOf } from './scale.ts';

const start = 1_800_000_000_000;
const autoscale = { min: 0, max: 10, backlogPerConsumer: 10, idleSeconds: 60 };

interface Second {
  readonly waiting: number;
  readonly busy?: readonly string[];
}

/** Plays one look per second. @returns how many consumers ran after each */
function played(seconds: readonly Second[], spec = autoscale): number[] {
  let running: readonly string[] = [];
  let needs: Needs | undefined;
  let lastActive: number | undefined;
  return seconds.map(({ waiting, busy = [] }, second) => {
    const now = start + second * 1000;
    const taken = busy.length;
    const comes = { stream: 's', after: '0-0' };
    const demand: Demand = { waiting, taken, busy, nextAttempt: undefined, lastAsked: undefined, comes };
    if (waiting + taken > 0) lastActive = now;
    running = scaleOf({ now, autoscale: spec, running, demand, lastActive, needs }).ids;
    needs = noted(needs, { time: now, count: needOf(demand, spec, now) ?? 0 }, spec.idleSeconds * 1000);
    return running.length;
  });
}

const seconds = (count: number, waiting: (second: number) => number): Second[] =>
  Array.from({ length: count }, (_, second) => ({ waiting: waiting(second) }));

/** How often a number is another than the one before. */
const changes = (numbers: readonly number[]) => numbers.filter((number, at) => at > 0 && number !== numbers[at - 1]);

test('a backlog that swings does not make the number swing: it follows the peaks', () => {
  const numbers = played([...seconds(5, () => 0), ...seconds(300, (second) => second % 7 === 0 ? 45 : 0)]);
  expect(changes(numbers)).toEqual([5]);
});

test('a burst is met at once, and its consumers go together when it is over for idleSeconds', () => {
  const numbers = played([...seconds(1, () => 0), ...seconds(3, () => 80), ...seconds(120, () => 0)]);
  expect(changes(numbers)).toEqual([8, 0]);
  expect(numbers.filter((number) => number === 8)).toHaveLength(3 + 59);
});

test('a backlog that falls step by step takes consumers away step by step, each after its own window', () => {
  const numbers = played([...seconds(1, () => 30), ...seconds(30, () => 20), ...seconds(200, () => 10)]);
  expect(changes(numbers)).toEqual([2, 1]);
});

test('one request keeps one consumer for idleSeconds and wakes no more', () => {
  const numbers = played([...seconds(2, () => 0), { waiting: 1 }, ...seconds(100, () => 0)]);
  expect(changes(numbers)).toEqual([1, 0]);
});

test('a consumer that is at work for long outlives the window, and goes as soon as it is idle', () => {
  const busy = (count: number): Second[] => Array.from({ length: count }, () => ({ waiting: 0, busy: ['2'] }));
  const numbers = played([...seconds(1, () => 25), ...busy(150), ...seconds(150, () => 0)]);
  expect(changes(numbers)).toEqual([2, 1, 0]);
  expect(numbers.lastIndexOf(2)).toBe(1 + 150 - 1);
});

test('min always runs', () => {
  expect(new Set(played(seconds(200, () => 0), { ...autoscale, min: 2 }))).toEqual(new Set([2]));
});

const comes = { stream: 's', after: '0-0' };
const nothing: Demand = { waiting: 0, taken: 0, busy: [], nextAttempt: undefined, lastAsked: undefined, comes };
const longAgo: Needs = { since: start - 3_600_000, peaks: [] };

test('a retry that is due later sleeps until then, and wakes when it is due', () => {
  const asleep = { autoscale, running: [], lastActive: undefined, needs: longAgo };
  const demand = { ...nothing, nextAttempt: start + 5000 };
  expect(scaleOf({ ...asleep, demand, now: start })).toMatchObject({ ids: [], lookAt: start + 5000 });
  expect(scaleOf({ ...asleep, demand, now: start + 5000 }).ids).toEqual(['1']);
});

test('a request that a dead pod has left unfinished wakes although nothing waits', () => {
  const demand = { ...nothing, taken: 1, busy: ['3'] };
  const { ids } = scaleOf({ now: start, autoscale, running: [], demand, lastActive: undefined, needs: longAgo });
  expect(ids).toEqual(['1']);
});

test('nothing is looked at again while nobody runs and nothing is to come', () => {
  const { ids, lookAt } = scaleOf({
    now: start,
    autoscale,
    running: [],
    demand: nothing,
    lastActive: undefined,
    needs: longAgo,
  });
  expect([ids, lookAt]).toEqual([[], undefined]);
});
