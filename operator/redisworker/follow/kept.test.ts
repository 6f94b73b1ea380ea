import { expect, test } from 'vitest';
import { worker } from '../../../test/support/gen.ts';
import { settled } from '../../../test/support/plans.ts';
import { podOf } from '../../../test/support/pods.ts';
import type { KubeObject } from '../../cluster/cluster.ts';
import { keptSource } from '../desired/source-config-map.ts';
import { hasSettledWithoutPods } from '../model/children.ts';
import { planOf } from '../plan/index.ts';
import { statusOf } from '../status/index.ts';
import { keptDeployment, keptPod, keptPolicy, keptService, keptWorker } from './kept.ts';

/** As an API server has it: with what controllers and other people write. */
const busy = (object: KubeObject, more: object = {}): KubeObject => ({
  ...object,
  ...more,
  metadata: {
    ...object.metadata,
    resourceVersion: '7',
    labels: { ...object.metadata.labels, theirs: 'x' },
    annotations: { ...object.metadata.annotations, 'deployment.kubernetes.io/revision': '3' },
  },
});

const quiet = settled(worker('w'));
const [deployment] = quiet.children.deployments;
const pod = podOf(deployment!);

test('a plan and a status are the same on what is kept as on whole objects', () => {
  const { children } = quiet;
  const status = { readyReplicas: 1, conditions: [{ type: 'Available', status: 'True', reason: 'x' }] };
  const whole = {
    ...quiet,
    children: {
      ...children,
      deployments: children.deployments.map((one) => busy(one, { status })),
      networkPolicies: children.networkPolicies.map((one) => busy(one)),
      configMaps: children.configMaps.map((one) => busy(one)),
      pods: [pod],
    },
  };
  const kept = {
    ...whole,
    object: keptWorker(whole.object),
    children: {
      ...whole.children,
      deployments: whole.children.deployments.map(keptDeployment),
      networkPolicies: whole.children.networkPolicies.map(keptPolicy),
      configMaps: whole.children.configMaps.map(keptSource),
      pods: whole.children.pods.map(keptPod),
    },
  };
  expect(planOf(whole).actions).toEqual([]);
  expect(planOf(kept)).toEqual(planOf(whole));
  expect(statusOf(kept, planOf(kept), undefined, undefined)).toEqual(
    statusOf(whole, planOf(whole), undefined, undefined),
  );
});

test('a Deployment that is to have no pods tells, whole or kept, whether it has come to that', () => {
  const down = { ...deployment!, spec: { ...(deployment!.spec as object), replicas: 0 } };
  for (const [replicas, isSettled] of [[1, false], [0, true], [undefined, true]] as const) {
    const one = busy(down, { status: { observedGeneration: 1, replicas, readyReplicas: 0 } });
    expect([one, keptDeployment(one)].map(hasSettledWithoutPods)).toEqual([isSettled, isSettled]);
  }
  const unnoticed = busy(down, { status: {} });
  expect([unnoticed, keptDeployment(unnoticed)].map(hasSettledWithoutPods)).toEqual([false, false]);
});

test('a policy keeps what it says beside its spec, which opens as much', () => {
  const [policy] = quiet.children.networkPolicies;
  const opened = { ...policy!, specs: [{ egress: [{ toEntities: ['all'] }] }] };
  expect(keptPolicy(opened)).toHaveProperty('specs', opened.specs);
});

test('a source that somebody has replaced is seen, whole or kept', () => {
  const [source] = quiet.children.configMaps;
  const replaced = keptSource({ ...source!, data: { 'worker.ts': 'theirs' } });
  const plan = planOf({ ...quiet, children: { ...quiet.children, configMaps: [replaced] } });
  expect(plan.actions).toMatchObject([{ do: 'applyObject', why: 'SourceDrifted' }]);
});

test('of a Deployment nothing changes while its pods come up, and everything when it gives up', () => {
  const having = (conditions: object[], observedGeneration = 1): KubeObject =>
    keptDeployment(busy(deployment!, { status: { conditions, observedGeneration, replicas: conditions.length } }));
  const progressing = { type: 'Progressing', status: 'True', reason: 'ReplicaSetUpdated' };
  expect(having([progressing], 2)).toEqual(having([], 1));
  const givenUp = { type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded' };
  expect(having([givenUp]).status).toEqual({ observedGeneration: 1, conditions: [givenUp] });
  const failure = { type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message: 'quota' };
  expect(having([progressing, failure]).status).toEqual({ observedGeneration: 1, conditions: [failure] });
});

test('of a pod its images, addresses and conditions that hold are left out', () => {
  const status = {
    phase: 'Running',
    podIP: '10.0.0.1',
    conditions: [
      { type: 'PodScheduled', status: 'True' },
      { type: 'Ready', status: 'True', lastTransitionTime: 't', lastProbeTime: null },
    ],
    containerStatuses: [{ name: 'worker', ready: true, restartCount: 2, imageID: 'i', state: { running: {} } }],
  };
  const spec = { nodeName: 'n', containers: [{}], volumes: [{ name: 's', configMap: { name: 'm' } }, { name: 't' }] };
  expect(keptPod({ ...pod, spec, status })).toMatchObject({
    spec: { nodeName: 'n', volumes: [{ name: 's', configMap: { name: 'm' } }] },
    status: {
      phase: 'Running',
      conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: 't' }],
      containerStatuses: [{ name: 'worker', ready: true, restartCount: 2, state: { running: {} } }],
    },
  });
});

test('of a worker everything is kept but the copy kubectl makes of it, and of a Service where it leads', () => {
  const applied = 'kubectl.kubernetes.io/last-applied-configuration';
  const object = worker('w');
  const annotated = { ...object, metadata: { ...object.metadata, annotations: { theirs: 'x', [applied]: '{}' } } };
  expect(keptWorker(annotated)).toEqual({ ...object, metadata: { ...object.metadata, annotations: { theirs: 'x' } } });
  const service = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 's', namespace: 'x', labels: { a: 'b' } },
    spec: { clusterIP: '10.0.0.1', sessionAffinity: 'None' },
    status: {},
  };
  expect(keptService(service)).toEqual({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 's', namespace: 'x' },
    spec: { clusterIP: '10.0.0.1' },
  });
});
