/** What a worker's own pod settings take from what the operator can say of its network. */
import { describe, expect, test } from 'vitest';
import { encodeGateReport, gateField } from '../../../contract/gate.ts';
import { withSpec, worker } from '../../../test/support/gen.ts';
import { observed, type Surroundings } from '../../../test/support/observed.ts';
import { annotations } from '../model/names.ts';
import { planOf } from '../plan/index.ts';
import { exactConditions } from './conditions.ts';
import { enforcementCondition } from './enforcement.ts';

const withPod = (pod: object, around: Surroundings = {}) => observed(worker('w', withSpec({ pod })), around);

function exactness(pod: object): string | undefined {
  const look = withPod(pod);
  return exactConditions(look.spec!, planOf(look).desired)[0]?.message;
}

function enforcement(pod: object) {
  const running = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'w-1', uid: 'pod-1', annotations: { [annotations.consumer]: '1' } },
    status: { phase: 'Running', containerStatuses: [{ name: 'worker', state: { running: {} } }] },
  };
  const look = withPod(pod, {
    canary: 'canary.example:8086',
    children: { pods: [running] },
    hashes: { 'w:1:h': { [gateField]: encodeGateReport({ owner: 'pod-1', result: 'Refused', ms: 1, opened: 0 }) } },
  });
  return enforcementCondition(look, look.spec!);
}

describe('pod.labels', () => {
  test('are told of beside an exact policy, since others may select the pods by them', () => {
    expect(exactness({})).toBe('the policy opens exactly the scope');
    expect(exactness({ labels: { team: 'a', app: 'shop' } })).toBe(
      "the policy opens exactly the scope; this is about the worker's own policy: others, and Services, may select the pods by pod.labels (app, team)",
    );
  });
});

describe('pod.image', () => {
  test('is told of beside what its pods say of their network', () => {
    expect(enforcement({})).toMatchObject({ status: 'True', message: expect.stringMatching(/before its code ran$/) });
    expect(enforcement({ image: 'mine' })).toMatchObject({
      status: 'True',
      message: expect.stringMatching(/; the pods say so themselves, and their image is the one of spec\.pod\.image$/),
    });
  });
});

describe('fields an admin keeps', () => {
  const defaults = { deniedPodFields: ['annotations', 'image', 'labels'] } as const;

  test.each([
    ['image', { image: 'mine' }],
    ['labels', { labels: { app: 'shop' } }],
    ['annotations', { annotations: { a: 'b' } }],
  ])('spec.pod.%s stalls the worker that sets it', (field, pod) => {
    expect(planOf(withPod(pod, { defaults })).problems).toEqual([
      {
        reason: 'FieldDenied',
        terminal: true,
        message:
          `spec.pod.${field} may not be set here: remove it, or have the operator started without --deny-pod-field ${field}`,
      },
    ]);
    expect(planOf(withPod(pod)).problems).toEqual([]);
  });

  test('mean nothing to a worker that sets none of them', () => {
    expect(planOf(withPod({ labels: {}, priorityClassName: 'low' }, { defaults })).problems).toEqual([]);
  });
});
