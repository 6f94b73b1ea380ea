import { expect, test } from 'vitest';
import { worker } from '../../../test/support/gen.ts';
import { observed, type Surroundings } from '../../../test/support/observed.ts';
import type { Observed } from '../model/observed.ts';
import { requeueAfter } from './requeue.ts';

const calm = { actions: [], problems: [], waitingFor: [], scale: undefined, rollout: undefined };
const busy: Surroundings = { stream: { lag: 3 } };

function isToldNothing(seen: Observed): Observed {
  const { spec } = seen;
  if (spec?.redis.kind !== 'answered') throw new Error('Redis has answered here');
  return { ...seen, spec: { ...spec, redis: { ...spec.redis, isTold: false } } };
}

function withStatus(seen: Observed, status: object): Observed {
  return { ...seen, object: { ...seen.object, status } };
}

test('an idle worker is not looked at again before its Redis tells of a change', () => {
  expect(requeueAfter(observed(worker('w')), calm)).toEqual({ kind: 'settled' });
  expect(requeueAfter(observed(worker('w'), { beside: { scheduled: 2 } }), calm)).toEqual({ kind: 'settled' });
});

test.each<[string, Observed, number]>([
  ['an idle one gently, where the server does not tell', isToldNothing(observed(worker('w'))), 15_000],
  ['one with requests that wait every five seconds', observed(worker('w'), busy), 5000],
  ['one with requests under way, too', observed(worker('w'), { stream: { pending: 1 } }), 5000],
  [
    'one on which nothing moves gently',
    withStatus(observed(worker('w'), busy), { stream: { lag: 3, backlog: 3, pending: 0, scheduled: 0, length: 0 } }),
    15_000,
  ],
])('looks at %s', (_, seen, afterMs) => {
  expect(requeueAfter(seen, calm)).toEqual({ kind: 'recheck', afterMs, why: 'Routine' });
});
