/** What holds of every decision on a number of consumers, whatever was seen. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Needs, noted } from '../model/needs.ts';
import type { Demand } from '../model/work.ts';
import { needOf, scaleOf, type Situation } from './scale.ts';

const now = 1_800_000_000_000;

const autoscales = fc.record({
  min: fc.integer({ min: 0, max: 5 }),
  more: fc.integer({ min: 0, max: 20 }),
  backlogPerConsumer: fc.integer({ min: 1, max: 50 }),
  idleSeconds: fc.integer({ min: 1, max: 300 }),
}).map(({ min, more, ...rest }) => ({ min, max: Math.max(min + more, 1), ...rest }));

const ids = fc.uniqueArray(fc.integer({ min: 1, max: 30 }).map(String), { maxLength: 25 });

const demands: fc.Arbitrary<Demand> = fc.record({
  waiting: fc.option(fc.integer({ min: 0, max: 2000 }), { nil: undefined }),
  taken: fc.integer({ min: 0, max: 200 }),
  busy: ids,
  nextAttempt: fc.option(fc.integer({ min: now - 5000, max: now + 500_000 }), { nil: undefined }),
  lastAsked: fc.constant(undefined),
  comes: fc.constant({ stream: 's', after: '0-0' }),
});

const needs: fc.Arbitrary<Needs | undefined> = fc.option(
  fc.array(fc.record({ ago: fc.integer({ min: 1, max: 400_000 }), count: fc.integer({ min: 0, max: 30 }) })).map((
    looks,
  ) =>
    looks.sort((a, b) => b.ago - a.ago).reduce<Needs | undefined>(
      (before, { ago, count }) => noted(before, { time: now - ago, count }, 300_000),
      undefined,
    )
  ),
  { nil: undefined },
);

const situations: fc.Arbitrary<Situation> = fc.record({
  now: fc.constant(now),
  autoscale: autoscales,
  running: ids,
  demand: fc.option(demands, { nil: undefined }),
  lastActive: fc.option(fc.integer({ min: now - 600_000, max: now }), { nil: undefined }),
  needs,
});

const holds = (predicate: (situation: Situation) => void) => fc.assert(fc.property(situations, predicate));

const inBounds = ({ running, autoscale: { max } }: Situation) => running.filter((id) => Number(id) <= max);

test('ids are numbers from 1 to max, none twice, at least min of them and at most max', () => {
  holds((situation) => {
    const { ids: wanted } = scaleOf(situation);
    expect(new Set(wanted).size).toBe(wanted.length);
    for (const id of wanted) expect(Number(id)).toBeLessThanOrEqual(situation.autoscale.max);
    expect(wanted.length).toBeGreaterThanOrEqual(situation.autoscale.min);
    expect(wanted.length).toBeLessThanOrEqual(situation.autoscale.max);
  });
});

test('a consumer with a request in hand is never taken away, unless max is lowered below its id', () => {
  holds((situation) => {
    const busy = new Set(situation.demand?.busy);
    expect(scaleOf(situation).ids).toEqual(expect.arrayContaining(inBounds(situation).filter((id) => busy.has(id))));
  });
});

test('while the backlog is unknown or Redis is silent, nobody is taken away', () => {
  holds((situation) => {
    if (situation.demand?.waiting !== undefined) return;
    expect(scaleOf(situation).ids).toEqual(expect.arrayContaining(inBounds(situation)));
  });
});

test('one request that waits, is in hand or is due is enough for a consumer', () => {
  holds((situation) => {
    const { demand } = situation;
    if (!demand) return;
    const isWork = (demand.waiting ?? 0) + demand.taken > 0 || (demand.nextAttempt ?? Infinity) <= now;
    if (isWork) expect(scaleOf(situation).ids.length).toBeGreaterThan(0);
  });
});

test('a backlog gets the consumers it calls for at once, up to max', () => {
  holds((situation) => {
    const need = needOf(situation.demand, situation.autoscale, now) ?? 0;
    expect(scaleOf(situation).ids.length).toBeGreaterThanOrEqual(Math.min(need, situation.autoscale.max));
  });
});

test('nobody is taken away before a whole window was seen in which fewer would have done', () => {
  holds((situation) => {
    const { idleSeconds } = situation.autoscale;
    const early = now - idleSeconds * 1000;
    const seen = situation.needs;
    const running = inBounds(situation);
    const isEarly = seen === undefined || seen.since > early ||
      seen.peaks.some(({ time, count }) => time > early && count >= running.length);
    if (isEarly) expect(scaleOf(situation).ids).toEqual(expect.arrayContaining(running));
  });
});

test('of those without a request the highest ids go first, and the first consumer last', () => {
  holds((situation) => {
    const { ids: wanted } = scaleOf(situation);
    const busy = new Set(situation.demand?.busy);
    const gone = inBounds(situation).filter((id) => !wanted.includes(id)).map(Number);
    const idleThatStay = inBounds(situation).filter((id) => wanted.includes(id) && !busy.has(id) && id !== '1');
    for (const id of idleThatStay) expect(Math.min(...gone, Infinity)).toBeGreaterThan(Number(id));
    if (gone.includes(1)) expect(wanted).toEqual([]);
  });
});

test('the next look is later than this one', () => {
  holds((situation) => {
    expect(scaleOf(situation).lookAt ?? Infinity).toBeGreaterThan(now);
  });
});
