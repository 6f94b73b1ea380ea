import { expect, it } from 'vitest';
import { givenBack, newLease, parseLease, renewed, takenOver } from './lease-record.ts';
import { microTime } from './wire.ts';

const now = Date.UTC(2026, 10, 22, 12, 0, 0, 7);
const writer = { identity: 'pod-1', now, leaseMs: 15_000 };
const lease = newLease({ namespace: 'n', name: 'l' }, writer);

it('writes times with exactly six digits', () => {
  expect(microTime(now)).toBe('2026-11-22T12:00:00.007000Z');
  expect(lease.spec).toEqual({
    holderIdentity: 'pod-1',
    leaseDurationSeconds: 15,
    leaseTransitions: 0,
    acquireTime: microTime(now),
    renewTime: microTime(now),
  });
});

it('keeps the time of acquisition and the labels of others when it is renewed', () => {
  const labelled = { ...lease, metadata: { ...lease.metadata, labels: { team: 'x' }, resourceVersion: '5' } };
  const next = renewed(parseLease(labelled), { ...writer, now: now + 2000 });
  expect(next.metadata).toEqual(labelled.metadata);
  expect(next.spec).toMatchObject({
    acquireTime: microTime(now),
    renewTime: microTime(now + 2000),
    leaseTransitions: 0,
  });
});

it('counts every change of hands', () => {
  const next = takenOver(parseLease(lease), { ...writer, identity: 'pod-2' });
  expect(next.spec).toMatchObject({ holderIdentity: 'pod-2', leaseTransitions: 1 });
});

it('names nobody once it was given back', () => {
  const free = JSON.parse(JSON.stringify(givenBack(parseLease(lease), writer))) as typeof lease;
  expect(free.spec).not.toHaveProperty('holderIdentity');
  expect(parseLease(free).holder).toBe('');
});
