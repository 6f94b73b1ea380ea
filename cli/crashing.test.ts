import { expect, test } from 'vitest';
import { isCrashing } from './crashing.ts';

interface Told {
  readonly ready?: string;
  readonly state?: string;
  readonly reason?: string;
  readonly restarts?: number;
  readonly network?: string;
  readonly observed?: number;
}

function crashing({ ready, state, reason, restarts, network, observed }: Told): boolean {
  return isCrashing({
    apiVersion: 'redisworker.dev/v1alpha1',
    kind: 'RedisWorker',
    metadata: { name: 'w', generation: 2 },
    status: {
      observedGeneration: observed ?? 2,
      conditions: [
        { type: 'Ready', status: ready ?? 'False', reason: 'ConsumersFailing' },
        { type: 'NetworkPolicyEnforced', status: 'Unknown', reason: network ?? 'NotEnforcedHere' },
      ],
      consumers: [
        { id: '1', state: 'Ready', restarts: 9 },
        { id: '2', state: state ?? 'Failing', reason: reason ?? 'CrashLoopBackOff', restarts: restarts ?? 2 },
      ],
    },
  });
}

test.each<[string, Told, boolean]>([
  ['its code has ended for the third time', {}, true],
  ['it has used more memory than it may for the third time', { reason: 'OOMKilled' }, true],
  ['it was started anew once', { restarts: 1 }, false],
  ['an image cannot be had', { reason: 'ImagePullBackOff' }, false],
  ['it goes on with what worked', { ready: 'True' }, false],
  ['the consumer is starting', { state: 'Starting' }, false],
  ['its processes end before code runs, as policies have no effect yet', { network: 'NotEnforced' }, false],
  ['all that was about the manifest before', { observed: 1 }, false],
])('whether nobody need wait for a worker when %s: %j is %j', (_what, told, expected) => {
  expect(crashing(told)).toBe(expected);
});
