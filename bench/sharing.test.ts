import { expect, it } from 'vitest';
import { perSecond } from './sharing.ts';

it('counts what was called in between, without the question itself', () => {
  const stats = (calls: Record<string, number>) =>
    new Map(Object.entries(calls).map(([name, count]) => [name, { calls: count, failed: 0 }]));
  const found = perSecond(stats({ eval: 10, info: 3 }), stats({ eval: 30, info: 4, xautoclaim: 5 }), 10_000);
  expect(found).toEqual({ eval: 2, xautoclaim: 0.5 });
});
