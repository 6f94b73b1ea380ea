import { expect, test } from 'vitest';
import { withSpec, worker } from '../../../test/support/gen.ts';
import { observed } from '../../../test/support/observed.ts';
import { stored } from '../../../test/support/plans.ts';
import type { KubeObject } from '../../cluster/cluster.ts';
import { hasDrifted } from '../desired/drift.ts';
import { planOf } from './index.ts';
import { mayWake } from './wake.ts';

const autoscale = { consumers: { autoscale: { max: 3, backlogPerConsumer: 10 } } };
const needs = { since: 0, peaks: [] };

/** A worker that sleeps, as the cluster has it. */
function asleep(spec: object = {}, change: { metadata?: object; status?: object } = {}): KubeObject {
  const object = worker('w', withSpec({ ...autoscale, ...spec }));
  return {
    ...object,
    metadata: {
      uid: 'uid-1',
      generation: 1,
      finalizers: ['redisworker.dev/cleanup'],
      ...object.metadata,
      ...change.metadata,
    },
    status: change.status ?? { observedGeneration: 1 },
  };
}

const [, desired] = [...planOf(observed(asleep(), { needs })).desired?.deployments ?? []][0] ?? [];
if (!desired) throw new Error('no Deployment');
const deployment = stored(desired, 'deployment-1');
const withReplicas = (replicas: number) => ({ ...deployment, spec: { ...(deployment.spec as object), replicas } });

test('a Deployment that sleeps may wake before anything is looked at, and is then what a look asks for', () => {
  expect(mayWake(asleep(), deployment)).toBe(true);
  const woken = planOf(observed(asleep(), { needs, stream: { lag: 1 } })).desired?.deployments.get('1');
  expect(woken && hasDrifted(woken, withReplicas(1))).toBe(false);
  expect(woken && hasDrifted(woken, deployment)).toBe(true);
});

test.each<[string, KubeObject, KubeObject]>([
  ['a worker that is suspended', asleep({ suspend: true }), deployment],
  ['a worker whose number is given', asleep({ consumers: { count: 1 } }), deployment],
  [
    'a worker that is being deleted',
    asleep({}, { metadata: { deletionTimestamp: '2030-01-01T00:00:00Z' } }),
    deployment,
  ],
  ['a worker that was changed and not looked at since', asleep({}, { metadata: { generation: 2 } }), deployment],
  ['a worker nobody has looked at', asleep({}, { status: {} }), deployment],
  ['a Deployment that runs', asleep(), withReplicas(1)],
  ['a Deployment of another worker', asleep({}, { metadata: { uid: 'uid-2' } }), deployment],
])('%s waits for a look', (_, object, child) => {
  expect(mayWake(object, child)).toBe(false);
});
