import { expect, test } from 'vitest';
import { ManualClock } from '../../../test/support/manual-clock.ts';
import { type Finding, ok, problem, warning } from '../../redis/doctor/finding.ts';
import type { Need } from '../../redis/doctor/rights.ts';
import type { RedisTarget } from '../../redis/target.ts';
import { RedisDoctor } from './redis-doctor.ts';

const target: RedisTarget = { hosts: [{ host: 'cache', port: 6379 }], db: 0, topology: { kind: 'Standalone' } };
const evicts = problem('RedisMemory', 'drops whole streams');
const minutes = 60_000;

/** A doctor whose findings a test decides. */
function doctor(): {
  readonly clock: ManualClock;
  readonly doctor: RedisDoctor;
  readonly enqueued: string[];
  readonly examined: () => number;
  readonly find: (...findings: Finding[]) => void;
  /** What all workers told since they were asked last. */
  readonly tell: () => string[];
} {
  const clock = new ManualClock();
  const enqueued: string[] = [];
  let findings: readonly Finding[] = [];
  let examined = 0;
  const examine = () => {
    examined++;
    return Promise.resolve(findings);
  };
  const one = new RedisDoctor({ examine, clock, enqueue: (key) => void enqueued.push(key) });
  return {
    clock,
    doctor: one,
    enqueued,
    examined: () => examined,
    find: (...now) => void (findings = now),
    tell: () =>
      enqueued.splice(0).flatMap((key) => {
        const told = one.untold(key).map(({ message }) => `${key} ${message}`);
        one.told(key);
        return told;
      }),
  };
}

test('what is wrong with a Redis is told once by the first worker of each namespace, however many use it', async () => {
  const { clock, doctor: one, find, tell, examined } = doctor();
  find(evicts, ok('RedisClock', 'has the time'), warning('RedisVisibility', 'does not show all'));
  for (const key of ['b/two', 'a/two', 'a/one']) one.keep(key, target, () => []);
  await clock.advance(1000);
  expect(one.untold('a/two')).toEqual([]);
  expect(tell().sort()).toEqual(['a/one drops whole streams', 'b/two drops whole streams']);
  await clock.advance(30 * minutes);
  expect(tell()).toEqual([]);
  expect(examined()).toBe(4);
});

test('what is mended is told again when it comes back, and what is new beside it alone', async () => {
  const { clock, doctor: one, find, tell } = doctor();
  find(evicts);
  one.keep('a/one', target, () => []);
  await clock.advance(1000);
  expect(tell()).toEqual(['a/one drops whole streams']);
  find({ ...evicts, message: 'drops whole streams by now' }, warning('RedisClock', 'is behind'));
  await clock.advance(10 * minutes);
  expect(tell()).toEqual(['a/one is behind']);
  find();
  await clock.advance(10 * minutes);
  find(evicts);
  await clock.advance(10 * minutes);
  expect(tell()).toEqual(['a/one drops whole streams']);
});

test('the next worker takes over without repeating, and a Redis nobody uses is not examined', async () => {
  const { clock, doctor: one, find, tell, examined } = doctor();
  find(evicts);
  one.keep('a/one', target, () => []);
  one.keep('a/two', target, () => []);
  await clock.advance(1000);
  tell();
  one.forget('a/one');
  await clock.advance(10 * minutes);
  expect(tell()).toEqual([]);
  one.keep('a/two', { ...target, db: 1 }, () => []);
  await clock.advance(1000);
  expect(tell()).toEqual(['a/two drops whole streams']);
  expect(examined()).toBe(3);
  one.forget('a/two');
  expect(clock.pending).toBe(0);
});

test('the rights that are looked at are those one worker needs by now', async () => {
  const clock = new ManualClock();
  const asked: string[] = [];
  const examine = (_: RedisTarget, needs: readonly Need[]) => {
    asked.push(needs.map(({ command }) => command.join(' ')).join());
    return Promise.resolve([]);
  };
  const one = new RedisDoctor({ examine, clock, enqueue: () => undefined });
  const reading = (key: string) => () => [{ actor: 'operator', command: ['GET', key] } as const];
  one.keep('a/one', target, reading('1'));
  one.keep('a/two', target, reading('2'));
  one.keep('a/one', target, reading('1 by now'));
  await clock.advance(1000);
  one.forget('a/one');
  one.keep('a/two', target, reading('2'));
  await clock.advance(10 * minutes);
  expect(asked).toEqual(['GET 1 by now', 'GET 2']);
  one.close();
});

test('a new password makes nothing be told twice', async () => {
  const { clock, doctor: one, find, tell } = doctor();
  find(evicts);
  one.keep('a/one', target, () => []);
  await clock.advance(1000);
  tell();
  one.keep('a/one', { ...target, password: 'rotated' }, () => []);
  await clock.advance(1000);
  expect(tell()).toEqual([]);
});

test('a Redis that cannot be reached is asked again soon, and what was told of it stays told', async () => {
  const { clock, doctor: one, find, tell } = doctor();
  find(evicts);
  one.keep('a/one', target, () => []);
  await clock.advance(1000);
  tell();
  find(problem('RedisReachable', 'does not answer'));
  await clock.advance(10 * minutes);
  expect(tell()).toEqual([]);
  find(evicts);
  await clock.advance(minutes);
  expect(tell()).toEqual([]);
  one.close();
  expect(clock.pending).toBe(0);
});
