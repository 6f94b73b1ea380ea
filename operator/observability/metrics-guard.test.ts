import { expect, test } from 'vitest';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { type Guard, metricsGuard, type Verdict } from './metrics-guard.ts';

function guarded(
  answer: (token: string) => Verdict | Error,
  limits = {},
): { asked: string[]; guard: Guard; clock: ManualClock } {
  const [asked, clock] = [[] as string[], new ManualClock()];
  const review = (token: string) => {
    asked.push(token);
    const verdict = answer(token);
    return verdict instanceof Error ? Promise.reject(verdict) : Promise.resolve(verdict);
  };
  return { asked, clock, guard: metricsGuard({ review, clock, ...limits }) };
}

const allowed: Verdict = { kind: 'Allowed' };
const forbidden: Verdict = { kind: 'Forbidden', user: 'ada' };

test('asks nobody about a request without a token', async () => {
  const { guard, asked } = guarded(() => allowed);
  for (const header of [undefined, '', 'Basic YTpi', 'Bearer', 'Bearer ', 'Bearer a b']) {
    expect(await guard(header)).toEqual({ kind: 'Unauthenticated' });
  }
  expect(asked).toEqual([]);
});

test('asks once about those that come together, and again when what it knows is old', async () => {
  const { guard, asked, clock } = guarded(() => allowed);
  expect(await Promise.all([guard('Bearer t'), guard('bearer t'), guard('Bearer t')])).toEqual([
    allowed,
    allowed,
    allowed,
  ]);
  await clock.advance(59_000);
  await guard('Bearer t');
  expect(asked).toEqual(['t']);
  await clock.advance(1000);
  await guard('Bearer t');
  expect(asked).toEqual(['t', 't']);
});

test('sees a right that is granted after seconds', async () => {
  let verdict: Verdict = forbidden;
  const { guard, clock } = guarded(() => verdict);
  expect(await guard('Bearer t')).toEqual(forbidden);
  verdict = allowed;
  expect(await guard('Bearer t')).toEqual(forbidden);
  await clock.advance(10_000);
  expect(await guard('Bearer t')).toEqual(allowed);
});

test('says why nothing could be found out, and asks the next time', async () => {
  let silent = true;
  const { guard } = guarded(() => (silent ? new Error('no answer') : allowed));
  expect(await guard('Bearer t')).toEqual({ kind: 'Unknown', why: 'no answer' });
  silent = false;
  expect(await guard('Bearer t')).toEqual(allowed);
});

test('remembers no more than it may, the latest of all', async () => {
  const { guard, asked } = guarded(() => allowed, { keptMost: 2 });
  for (const token of ['a', 'b', 'c', 'b', 'c', 'a']) await guard(`Bearer ${token}`);
  expect(asked).toEqual(['a', 'b', 'c', 'a']);
});

test('does not pass a flood of made-up tokens on', async () => {
  const { guard, asked } = guarded(() => ({ kind: 'Unauthenticated' }), { askedMost: 3 });
  const verdicts = await Promise.all(Array.from({ length: 10 }, (_, n) => guard(`Bearer ${n}`)));
  expect(asked).toHaveLength(3);
  expect(verdicts.filter(({ kind }) => kind === 'Unknown')).toHaveLength(7);
});
