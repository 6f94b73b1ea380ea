import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { releasedIds, unavailableOf } from './released.ts';
import type { Roll } from './rolls.ts';

describe('how many may be not ready', () => {
  test.each([['25%', 1, 1], ['25%', 3, 1], ['25%', 8, 2], ['25%', 1000, 250], ['100%', 3, 3], ['2', 8, 2], [
    '9',
    3,
    9,
  ]])(
    '%s of %i are %i',
    (maxUnavailable, consumers, allowed) => expect(unavailableOf(maxUnavailable, consumers)).toBe(allowed),
  );
});

/** A consumer of a made-up worker. */
interface Consumer {
  runs: 'old' | 'new' | 'nothing';
  ready: boolean;
  broken: boolean;
}

const rollOf = ({ runs, ready, broken }: Consumer, at: number): Roll => ({
  id: String(at + 1),
  stage: runs === 'nothing' ? 'New' : runs === 'old' ? 'Before' : ready ? 'Proven' : 'Tried',
  isWorking: runs !== 'nothing' && ready,
  isBroken: runs !== 'new' ? !ready : broken && !ready,
  mayWait: runs !== 'nothing',
  isDown: false,
  runsRevision: runs === 'new',
  hasEnded: false,
  isGivenUp: false,
});

/** Gives new code to those the rollout releases; @returns those that were ready until then. */
function step(consumers: readonly Consumer[], maxUnavailable: string): Consumer[] {
  const released = releasedIds(consumers.map(rollOf), { maxUnavailable });
  const next = consumers.filter(({ runs }, at) => runs === 'nothing' || released.has(String(at + 1)));
  const taken = next.filter(({ ready }) => ready);
  for (const one of next) Object.assign(one, { runs: 'new', broken: !one.ready, ready: false });
  return taken;
}

const amount = fc.oneof(
  fc.integer({ min: 1, max: 12 }).map(String),
  fc.integer({ min: 1, max: 100 }).map((part) => `${part}%`),
);
const consumer = fc.record<Consumer>({
  runs: fc.constantFrom('old', 'old', 'new', 'nothing'),
  ready: fc.boolean(),
  broken: fc.boolean(),
}).map((one) => ({ ...one, ready: one.ready && one.runs !== 'nothing' }));
/** Pods that turn ready or stop being it, by the place of their consumer. */
const turns = fc.array(fc.array(fc.tuple(fc.nat(11), fc.boolean()), { maxLength: 4 }), { maxLength: 12 });

describe('from any state, whatever the pods do', () => {
  const walk = (
    check: (seen: { consumers: Consumer[]; taken: Set<Consumer>; was: number; allowed: number; all: boolean }) => void,
  ) =>
    fc.assert(fc.property(fc.array(consumer, { minLength: 1, maxLength: 12 }), amount, turns, (start, max, rounds) => {
      const consumers = start.map((one) => ({ ...one }));
      const taken = new Set<Consumer>();
      for (const round of rounds) {
        const was = consumers.filter(({ ready }) => ready).length;
        // What is not ready already may be so because of an earlier step.
        const before = consumers.filter(({ runs, ready, broken }) => runs === 'new' && !ready && !broken).length;
        for (const one of step(consumers, max)) taken.add(one);
        check({
          consumers,
          taken,
          was,
          allowed: Math.max(before, unavailableOf(max, consumers.length)),
          all: max === '100%',
        });
        for (const [at, ready] of round) {
          const one = consumers[at];
          if (one && one.runs !== 'nothing') one.ready = ready;
          if (one && ready) taken.delete(one);
        }
      }
    }));

  it('takes no more consumers than may be not ready', () => {
    walk(({ taken, allowed }) => expect(taken.size).toBeLessThanOrEqual(allowed));
  });

  it('leaves one that is ready to a worker of two or more, unless all may be taken', () => {
    walk(({ consumers, was, all }) => {
      if (was === 0 || all || consumers.length === 1) return;
      expect(consumers.some(({ ready }) => ready)).toBe(true);
    });
  });

  it('ends with new code on all consumers once it comes up', () => {
    fc.assert(fc.property(fc.array(consumer, { minLength: 1, maxLength: 12 }), amount, (start, max) => {
      const consumers = start.map((one) => ({ ...one }));
      for (let look = 0; look <= consumers.length; look += 1) {
        step(consumers, max);
        for (const one of consumers) one.ready ||= one.runs === 'new';
      }
      expect(consumers.every(({ runs }) => runs === 'new')).toBe(true);
    }));
  });
});

test('a thousand consumers follow in four steps of a quarter', () => {
  const consumers: Consumer[] = Array.from({ length: 1000 }, () => ({ runs: 'old', ready: true, broken: false }));
  const sizes = [];
  while (consumers.some(({ runs }) => runs === 'old')) {
    sizes.push(step(consumers, '25%').length);
    expect(step(consumers, '25%')).toEqual([]);
    for (const one of consumers) one.ready = true;
  }
  expect(sizes).toEqual([250, 250, 250, 250]);
});

test('only 100% takes all consumers at once: a number that is as large leaves one', () => {
  const three = () => Array.from({ length: 3 }, (): Consumer => ({ runs: 'old', ready: true, broken: false }));
  expect([step(three(), '100%').length, step(three(), '3').length, step(three(), '99%').length]).toEqual([3, 2, 2]);
});

test('consumers that cannot come up anyway, for want of room for one, keep no other from new code', () => {
  const consumers: Consumer[] = Array.from({ length: 8 }, (_, at) => ({ runs: 'old', ready: at > 2, broken: false }));
  for (let look = 0; look < 6; look += 1) {
    step(consumers, '25%');
    for (const one of consumers.slice(3)) one.ready = true;
  }
  expect(consumers.every(({ runs }) => runs === 'new')).toBe(true);
});
