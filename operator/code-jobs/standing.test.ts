import { expect, test } from 'vitest';
import type { KubeObject } from '../cluster/cluster.ts';
import { whyNoPod } from './standing.ts';

test('a Job that gets no pod is told in the words of whoever refuses it', () => {
  const event = (uid: string, reason: string, note: string): KubeObject => ({
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    metadata: { name: note },
    reason,
    note,
    regarding: { uid },
  });
  const quota = 'Error creating: pods "x-" is forbidden: exceeded quota: full, requested: pods=1, used: pods=1';
  expect(whyNoPod([event('mine', 'FailedCreate', quota)], 'mine')).toMatch(
    /^a quota of the namespace leaves no room for its pod \(pods "x-" is forbidden: exceeded quota: full, .*raise it/,
  );
  expect(whyNoPod([event('mine', 'FailedCreate', 'Error creating: denied by a webhook')], 'mine')).toBe(
    'the namespace takes no pod of it: denied by a webhook',
  );
  expect(whyNoPod([event('other', 'FailedCreate', quota), event('mine', 'Suspended', '')], 'mine')).toBeUndefined();
});
