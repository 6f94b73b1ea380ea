import { expect, test } from 'vitest';
import { withCount, withSpec, worker } from '../../../test/support/gen.ts';
import { observed } from '../../../test/support/observed.ts';
import { Scaling } from './scaling.ts';

const autoscaled = worker('w', withSpec({ consumers: { autoscale: { max: 5, backlogPerConsumer: 10 } } }));

test('a number is told once, however often a status that trails behind tells it again', () => {
  const scaling = new Scaling();
  expect([3, 3, 0, 3].map((wanted) => scaling.isNews('ns/w', wanted))).toEqual([true, false, true, true]);
});

test('what a worker needed is kept as long as the operator decides its number and its backlog is known', () => {
  const scaling = new Scaling();
  scaling.note('ns/w', observed(autoscaled, { now: 1000, stream: { lag: 25 } }));
  scaling.note('ns/w', observed(autoscaled, { now: 2000, stream: { lag: undefined } }));
  scaling.note('ns/w', observed(autoscaled, { now: 3000, stream: { lag: 0 } }));
  expect(scaling.needs('ns/w')).toEqual({ since: 1000, peaks: [{ time: 1000, count: 3 }, { time: 3000, count: 0 }] });
  scaling.note('ns/w', observed(worker('w', withCount(2)), { now: 4000 }));
  expect(scaling.needs('ns/w')).toBeUndefined();
});
