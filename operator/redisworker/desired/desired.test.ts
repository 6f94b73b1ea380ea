import { expect, test } from 'vitest';
import { observed } from '../../../test/support/observed.ts';
import { withCount, worker } from '../../../test/support/gen.ts';
import { planOf } from '../plan/index.ts';
import type { Observed, ObservedSpec } from '../model/observed.ts';

const seen = observed(worker('w', withCount(2)));
const desiredOf = (spec: Partial<ObservedSpec>, aesKey = seen.aesKey) => {
  const around: Observed = { ...seen, aesKey, spec: { ...seen.spec!, ...spec } };
  return planOf(around).desired!;
};

test('what follows from the same blueprint and login is not made again, and from another key it is', () => {
  const first = desiredOf({});
  expect(desiredOf({}).deployments).toBe(first.deployments);
  const other = desiredOf({}, 'f'.repeat(32));
  expect(other.deployments).not.toEqual(first.deployments);
  expect(desiredOf({}).deployments).toEqual(first.deployments);
});

test('another blueprint that says the same leads to the same objects', () => {
  const again = desiredOf({ blueprint: { ...seen.spec!.blueprint } });
  expect(again).toEqual(desiredOf({}));
});
