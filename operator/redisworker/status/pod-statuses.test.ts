/** The kubelet's odd phases: statuses as nodes and controllers write them, and what each must lead to. */
import { describe, expect, it, test } from 'vitest';
import { withCount, withInline, withSpec, worker } from '../../../test/support/gen.ts';
import { observed } from '../../../test/support/observed.ts';
import { settled, steps } from '../../../test/support/plans.ts';
import { type PodChange, podOf } from '../../../test/support/pods.ts';
import type { RedisWorkerStatus } from '../../api/redisworker.ts';
import type { KubeObject } from '../../cluster/cluster.ts';
import type { Observed, ObservedSpec } from '../model/observed.ts';
import { keptPod } from '../follow/kept.ts';
import { missing } from '../model/problem.ts';
import { planOf } from '../plan/index.ts';
import { statusOf } from './index.ts';

/** What is said and done of an observation. */
function told(of: Observed) {
  const plan = planOf(of);
  const status = statusOf(of, plan, undefined, undefined);
  const saying = (type: string) => {
    const found = status.conditions?.find((condition) => condition.type === type);
    return found && `${found.status} ${found.reason}: ${found.message}`;
  };
  return {
    status,
    ready: saying('Ready'),
    reconciling: saying('Reconciling'),
    stalled: saying('Stalled'),
    steps: steps(plan),
  };
}

const rowOf = ({ consumers }: RedisWorkerStatus, id = '1') => {
  const row = consumers?.find((one) => one.id === id);
  return row && [row.state, row.reason, row.pod, row.restarts].map((field) => field ?? '').join(' ').trim();
};

const running = { phase: 'Running', conditions: [{ type: 'Ready', status: 'False' }] };
const readyToo = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] };
const of = (name: string, container: object) => ({ name, restartCount: 0, ...container });
const waiting = (reason: string, message?: string) => ({ ready: false, state: { waiting: { reason, message } } });
const ended = (exitCode: number, reason: string, message?: string) => ({ terminated: { exitCode, reason, message } });
const looping = (exitCode: number, reason: string, message: string) => ({
  restartCount: 4,
  ...waiting('CrashLoopBackOff', 'back-off 40s restarting failed container'),
  lastState: ended(exitCode, reason, message),
});
const disrupted = (reason: string, message: string) => ({ type: 'DisruptionTarget', status: 'True', reason, message });
/** What the node controller writes about the pods of a node that it hears of no more: nothing but Ready. */
const lostSince = {
  phase: 'Running',
  conditions: [
    { type: 'ContainersReady', status: 'True', lastTransitionTime: '2026-05-01T12:00:05Z' },
    { type: 'Ready', status: 'False', lastTransitionTime: '2026-05-01T13:00:00Z' },
  ],
};
const evicted = {
  phase: 'Failed',
  reason: 'Evicted',
  message: 'Usage of EmptyDir volume "scratch" exceeds the limit "64Mi". ',
};

/** A container that runs, in a pod that is not ready since the first of two times of a day. */
const notReadySince = (since: string, started: string) => {
  const at = (time: string) => `2026-05-01T${time}Z`;
  return {
    phase: 'Running',
    conditions: [{ type: 'Ready', status: 'False', lastTransitionTime: at(since) }],
    containerStatuses: [of('worker', { ready: false, state: { running: { startedAt: at(started) } } })],
  };
};

interface Case {
  readonly pods: readonly PodChange[];
  /** State, reason, pod and restarts. */
  readonly row: string;
  readonly ready: string;
  readonly plan?: readonly string[];
}

const cases: Readonly<Record<string, Case>> = {
  'no pod': {
    pods: [],
    row: 'Pending NoPod',
    ready: 'False ConsumersStarting: 0 of 1 consumers are ready; consumer "1" has no pod yet',
  },
  'ready': { pods: [{}], row: 'Ready  w-1 0', ready: 'True ConsumersReady: the one consumer is ready' },
  'made, and not looked at by any node': {
    pods: [{ status: { phase: 'Pending' } }],
    row: 'Starting NotReady w-1 0',
    ready: 'False ConsumersStarting: 0 of 1 consumers are ready; consumer "1" is starting',
  },
  'starting for the first time': {
    pods: [{ status: notReadySince('12:00:00', '12:00:01') }],
    row: 'Starting NotReady w-1 0',
    ready: 'False ConsumersStarting: 0 of 1 consumers are ready; consumer "1" is starting',
  },
  'busy with code that never awaits, once it was ready': {
    pods: [{ status: notReadySince('12:00:20', '12:00:01') }],
    row: 'Starting Unhealthy w-1 0',
    ready:
      'False ConsumersStarting: 0 of 1 consumers are ready; consumer "1" runs and is not ready any more: it has lost Redis, or code such as "for (;;) {}" keeps it busy',
  },
  'no node has room for': {
    pods: [{
      status: {
        phase: 'Pending',
        conditions: [{
          type: 'PodScheduled',
          status: 'False',
          reason: 'Unschedulable',
          message: '0/3 nodes are available: 3 Insufficient cpu.',
        }],
      },
    }],
    row: 'Pending Unschedulable w-1 0',
    ready:
      'False ConsumersStarting: 0 of 1 consumers are ready; consumer "1" cannot be scheduled: 0/3 nodes are available: 3 Insufficient cpu.',
  },
  'ContainerCreating': {
    pods: [{ status: { phase: 'Pending', containerStatuses: [of('worker', waiting('ContainerCreating'))] } }],
    row: 'Starting ContainerCreating w-1 0',
    ready: 'False ConsumersStarting: 0 of 1 consumers are ready; consumer "1" is starting',
  },
  'CreateContainerConfigError': {
    pods: [{
      status: {
        phase: 'Pending',
        containerStatuses: [of('worker', waiting('CreateContainerConfigError', 'secret "w-worker" not found'))],
      },
    }],
    row: 'Failing CreateContainerConfigError w-1 0',
    ready: 'False ConsumersFailing: 0 of 1 consumers are ready; consumer "1" fails: secret "w-worker" not found',
  },
  'an image that cannot be pulled': {
    pods: [{
      status: {
        phase: 'Pending',
        containerStatuses: [of('worker', waiting('ImagePullBackOff', 'Back-off pulling image "worker:test"'))],
      },
    }],
    row: 'Failing ImagePullBackOff w-1 0',
    ready:
      'False ConsumersFailing: 0 of 1 consumers are ready; consumer "1" fails: Back-off pulling image "worker:test"',
  },
  'an image its registry does not have': {
    pods: [{
      status: {
        phase: 'Pending',
        containerStatuses: [
          of(
            'worker',
            waiting(
              'ErrImagePull',
              'rpc error: code = NotFound desc = failed to pull and unpack image\n"docker.io/library/worker:none": not found',
            ),
          ),
        ],
      },
    }],
    row: 'Failing ErrImagePull w-1 0',
    ready:
      'False ConsumersFailing: 0 of 1 consumers are ready; consumer "1" fails: rpc error: code = NotFound desc = failed to pull and unpack image "docker.io/library/worker:none": not found',
  },
  'ending with exit code 0 again and again': {
    pods: [{
      status: {
        ...running,
        containerStatuses: [
          of('worker', {
            restartCount: 3,
            ...waiting('CrashLoopBackOff', 'back-off 40s restarting failed container'),
            lastState: ended(0, 'Completed'),
          }),
        ],
      },
    }],
    row: 'Failing CrashLoopBackOff w-1 3',
    ready:
      'False ConsumersFailing: 0 of 1 consumers are ready; consumer "1" fails: ends again and again with exit code 0: its program ends by itself, or its node ends it because it does not come up or its event loop does not turn',
  },
  'on a node that has stopped to answer': {
    pods: [{ status: { ...lostSince, containerStatuses: [of('worker', { ready: true, state: { running: {} } })] } }],
    row: 'Failing NodeNotReady w-1 0',
    ready:
      'False ConsumersFailing: 0 of 1 consumers are ready; consumer "1" is on a node, which does not answer: it is replaced once the cluster gives the node up, which takes five minutes by default',
  },
  'not let in by a gate of a load balancer': {
    pods: [{
      status: {
        phase: 'Running',
        conditions: [
          { type: 'ContainersReady', status: 'True' },
          { type: 'Ready', status: 'False', reason: 'ReadinessGatesNotReady' },
        ],
        containerStatuses: [of('worker', { ready: true, state: { running: {} } })],
      },
    }],
    row: 'Starting NotReady w-1 0',
    ready: 'False ConsumersStarting: 0 of 1 consumers are ready; consumer "1" is starting',
  },
  'on a node that was deleted': {
    pods: [{
      status: {
        phase: 'Running',
        conditions: [
          { type: 'Ready', status: 'True' },
          disrupted('DeletionByPodGC', 'PodGC: node no longer exists'),
        ],
      },
      deleted: true,
    }],
    row: 'Draining DeletionByPodGC w-1 0',
    ready:
      'False ConsumersStarting: 0 of 1 consumers are ready; consumer "1" is being stopped: PodGC: node no longer exists',
  },
  'a crash loop': {
    pods: [{
      status: {
        ...running,
        containerStatuses: [of('worker', looping(1, 'Error', 'error: Uncaught Error: no table\n    at a.ts:1:1'))],
      },
    }],
    row: 'Failing CrashLoopBackOff w-1 4',
    ready: 'False ConsumersFailing: 0 of 1 consumers are ready; consumer "1" fails: no table',
  },
  'running again after a crash, and not ready': {
    pods: [{
      status: {
        ...running,
        containerStatuses: [
          of('worker', {
            restartCount: 5,
            ready: false,
            state: { running: {} },
            lastState: ended(1, 'Error', 'redisworker: no table'),
          }),
        ],
      },
    }],
    row: 'Failing Error w-1 5',
    ready: 'False ConsumersFailing: 0 of 1 consumers are ready; consumer "1" fails: no table',
  },
  'running again after a crash, and ready: the count goes on growing': {
    pods: [{
      status: {
        ...readyToo,
        containerStatuses: [
          of('worker', { restartCount: 5, ready: true, state: { running: {} }, lastState: ended(137, 'OOMKilled') }),
        ],
      },
    }],
    row: 'Ready  w-1 5',
    ready: 'True ConsumersReady: the one consumer is ready',
  },
  'started again as planned': {
    pods: [{
      status: {
        ...running,
        containerStatuses: [
          of('worker', { restartCount: 2, ready: false, state: { running: {} }, lastState: ended(0, 'Completed') }),
        ],
      },
    }],
    row: 'Starting NotReady w-1 2',
    ready: 'False ConsumersStarting: 0 of 1 consumers are ready; consumer "1" is starting',
  },
  'OOMKilled': {
    pods: [{
      status: {
        ...running,
        containerStatuses: [of('worker', looping(137, 'OOMKilled', '{"level":"info","msg":"working"}'))],
      },
    }],
    row: 'Failing OOMKilled w-1 4',
    ready:
      'False ConsumersFailing: 0 of 1 consumers are ready; consumer "1" fails: was killed for using more memory than its limit: hold less at once, or raise spec.pod.resources.limits.memory',
  },
  'killed by its liveness probe': {
    pods: [{ status: { ...running, containerStatuses: [of('worker', looping(137, 'Error', 'ready'))] } }],
    row: 'Failing CrashLoopBackOff w-1 4',
    ready:
      'False ConsumersFailing: 0 of 1 consumers are ready; consumer "1" fails: was killed (SIGKILL): its event loop did not turn for a minute, as in a loop that never awaits, or its node ran out of memory',
  },
  'a sidecar first, a crash loop of the worker second': {
    pods: [{
      status: {
        ...running,
        containerStatuses: [
          of('istio-proxy', { ready: true, state: { running: {} } }),
          of('worker', looping(1, 'Error', 'redisworker: no table')),
        ],
      },
    }],
    row: 'Failing CrashLoopBackOff w-1 4',
    ready: 'False ConsumersFailing: 0 of 1 consumers are ready; consumer "1" fails: no table',
  },
  'a failing sidecar': {
    pods: [{
      status: {
        ...running,
        containerStatuses: [
          of('istio-proxy', looping(2, 'Error', 'no certificate')),
          of('worker', { ready: true, state: { running: {} } }),
        ],
      },
    }],
    row: 'Failing CrashLoopBackOff w-1 0',
    ready:
      'False ConsumersFailing: 0 of 1 consumers are ready; consumer "1" waits for container "istio-proxy", which was added to its pod and fails: no certificate',
  },
  'a sidecar that is not ready': {
    pods: [{
      status: {
        ...running,
        containerStatuses: [
          of('istio-proxy', { ready: false, state: { running: {} } }),
          of('worker', { ready: true, state: { running: {} } }),
        ],
      },
    }],
    row: 'Starting NotReady w-1 0',
    ready:
      'False ConsumersStarting: 0 of 1 consumers are ready; consumer "1" waits for container "istio-proxy", which was added to its pod',
  },
  'a failing init container': {
    pods: [{
      status: {
        phase: 'Pending',
        initContainerStatuses: [of('istio-init', looping(1, 'Error', 'iptables: permission denied'))],
        containerStatuses: [of('worker', waiting('PodInitializing'))],
      },
    }],
    row: 'Failing CrashLoopBackOff w-1 0',
    ready:
      'False ConsumersFailing: 0 of 1 consumers are ready; consumer "1" waits for container "istio-init", which was added to its pod and fails: iptables: permission denied',
  },
  'an init container at work': {
    pods: [{
      status: {
        phase: 'Pending',
        initContainerStatuses: [of('istio-init', { ready: false, state: { running: {} } })],
        containerStatuses: [of('worker', waiting('PodInitializing'))],
      },
    }],
    row: 'Starting PodInitializing w-1 0',
    ready:
      'False ConsumersStarting: 0 of 1 consumers are ready; consumer "1" waits for container "istio-init", which was added to its pod',
  },
  'evicted, without a successor': {
    pods: [{ status: evicted }],
    row: 'Failing Evicted w-1 0',
    ready:
      'False ConsumersFailing: 0 of 1 consumers are ready; consumer "1" was evicted: Usage of EmptyDir volume "scratch" exceeds the limit "64Mi".',
    plan: ['deleteObject PodFinished w-1'],
  },
  'evicted, with a successor that is ready': {
    pods: [{ status: evicted }, { name: '-b', age: 60 }],
    row: 'Ready  w-1-b 0',
    ready: 'True ConsumersReady: the one consumer is ready',
    plan: ['deleteObject PodFinished w-1'],
  },
  'ended by the shutdown of its node': {
    pods: [{
      status: {
        phase: 'Failed',
        reason: 'Terminated',
        message: 'Pod was terminated in response to imminent node shutdown.',
      },
    }],
    row: 'Pending Terminated w-1 0',
    ready:
      'False ConsumersStarting: 0 of 1 consumers are ready; consumer "1" waits for a new pod, the last one has ended: Pod was terminated in response to imminent node shutdown.',
    plan: ['deleteObject PodFinished w-1'],
  },
  'refused by its node': {
    pods: [{
      status: {
        phase: 'Failed',
        reason: 'OutOfcpu',
        message: 'Pod was rejected: Node did not have enough resource: cpu',
      },
    }],
    row: 'Pending OutOfcpu w-1 0',
    ready:
      'False ConsumersStarting: 0 of 1 consumers are ready; consumer "1" waits for a new pod, the last one has ended: Pod was rejected: Node did not have enough resource: cpu',
    plan: ['deleteObject PodFinished w-1'],
  },
  'Succeeded': {
    pods: [{ status: { phase: 'Succeeded' } }],
    row: 'Pending Succeeded w-1 0',
    ready:
      'False ConsumersStarting: 0 of 1 consumers are ready; consumer "1" waits for a new pod, the last one has ended',
    plan: ['deleteObject PodFinished w-1'],
  },
  'Failed and on its way out already': {
    pods: [{ status: { phase: 'Failed' }, deleted: true }, { name: '-b', age: 60 }],
    row: 'Ready  w-1-b 0',
    ready: 'True ConsumersReady: the one consumer is ready',
  },
  'on a node nobody hears of': {
    pods: [{
      status: {
        phase: 'Unknown',
        reason: 'NodeLost',
        conditions: [
          { type: 'Ready', status: 'Unknown' },
          disrupted('DeletionByTaintManager', 'Taint manager: deleting due to NoExecute taint'),
        ],
      },
      deleted: true,
    }],
    row: 'Draining DeletionByTaintManager w-1 0',
    ready:
      'False ConsumersStarting: 0 of 1 consumers are ready; consumer "1" is being stopped: Taint manager: deleting due to NoExecute taint',
  },
  'preempted': {
    pods: [{
      status: {
        ...readyToo,
        conditions: [
          ...readyToo.conditions,
          disrupted('PreemptionByScheduler', 'default-scheduler: preempting to accommodate a higher priority pod'),
        ],
      },
      deleted: true,
    }],
    row: 'Draining PreemptionByScheduler w-1 0',
    ready:
      'False ConsumersStarting: 0 of 1 consumers are ready; consumer "1" is being stopped: default-scheduler: preempting to accommodate a higher priority pod',
  },
  'Terminating, with a successor that is ready': {
    pods: [{ deleted: true }, { name: '-b', age: 60 }],
    row: 'Ready  w-1-b 0',
    ready: 'True ConsumersReady: the one consumer is ready',
  },
  'Terminating, with a successor that waits for its turn': {
    pods: [{ deleted: true }, {
      name: '-b',
      age: 60,
      status: { ...running, containerStatuses: [of('worker', { ready: false, state: { running: {} } })] },
    }],
    row: 'Starting NotReady w-1-b 0',
    ready: 'False ConsumersStarting: 0 of 1 consumers are ready; consumer "1" is starting',
  },
};

/** A worker whose consumers have these pods, by consumer id in the order of the spec. */
function withPods(object: KubeObject, pods: (deployments: readonly KubeObject[]) => readonly KubeObject[]): Observed {
  const complete = settled(object);
  return settled(object, { children: { pods: pods(complete.children.deployments) } });
}

describe('the row, the condition and the plan of a consumer whose pod is', () => {
  it.each(Object.entries(cases))('%s', (_, { pods, row, ready, plan = [] }) => {
    const seen = withPods(worker('w'), ([deployment]) => pods.map((change) => keptPod(podOf(deployment!, change))));
    const { status, ready: said, steps } = told(seen);
    expect([rowOf(status), said, steps]).toEqual([row, ready, plan]);
    expect(status.consumersReady).toBe(ready.startsWith('True') ? '1/1' : '0/1');
  });
});

it('tells the quota that keeps a Deployment from making a pod', () => {
  const refused = {
    type: 'ReplicaFailure',
    status: 'True',
    reason: 'FailedCreate',
    message: 'pods "w-1-x" is forbidden: exceeded quota: pods, requested: pods=1, used: pods=10, limited: pods=10',
  };
  const [deployment] = settled(worker('w')).children.deployments;
  const deployments = [{ ...deployment!, status: { conditions: [refused] } }];
  const { status, ready } = told(settled(worker('w'), { children: { deployments } }));
  expect([rowOf(status), ready]).toEqual([
    'Failing FailedCreate',
    `False ConsumersFailing: 0 of 1 consumers are ready; consumer "1" gets no pod: ${refused.message}`,
  ]);
});

describe('a worker whose module does not parse', () => {
  const parse = 'the module worker.ts cannot be loaded: SyntaxError: Expression expected (worker.ts:2:13): const a = ;';
  const status = {
    ...running,
    containerStatuses: [
      of('worker', looping(4, 'Error', `\u001b[31mredisworker: ${parse}\u001b[0m\n`)),
    ],
  };
  const why = `0 of 1 consumers are ready; consumer "1" fails: ${parse}`;

  it('is Stalled at once, for trying again does not help', () => {
    const { ready, reconciling, stalled } = told(
      withPods(worker('w'), ([deployment]) => [podOf(deployment!, { status })]),
    );
    expect([ready, stalled, reconciling]).toEqual([
      `False ConsumersFailing: ${why}`,
      `True InvalidSource: the module of spec.source has to be corrected: ${why}`,
      undefined,
    ]);
  });

  it('is not any more as soon as the module is another', () => {
    const old = settled(worker('w', withInline('old\n'))).children.deployments[0]!;
    const { stalled, reconciling } = told(withPods(worker('w'), () => [podOf(old, { status })]));
    expect([stalled, reconciling?.slice(0, 4)]).toEqual([undefined, 'True']);
  });

  it('is not for what a container says that somebody added to its pod', () => {
    const added = { ...running, containerStatuses: [of('proxy', looping(4, 'Error', 'no configuration'))] };
    const { stalled } = told(withPods(worker('w'), ([deployment]) => [podOf(deployment!, { status: added })]));
    expect(stalled).toBeUndefined();
  });
});

describe('a worker whose Deployment has given up', () => {
  const at = 40;
  const lastTransitionTime = `2030-01-01T00:00:${at}Z`;
  const givenUp = { type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded', lastTransitionTime };
  const crashing = { ...running, containerStatuses: [of('worker', looping(1, 'Error', 'Error: no such table'))] };
  const upTo = (observedGeneration: number, pods: (deployment: KubeObject) => KubeObject[]) => {
    const [made] = settled(worker('w')).children.deployments;
    const metadata = { ...made!.metadata, generation: 3 };
    const deployment = { ...made!, metadata, status: { observedGeneration, conditions: [givenUp] } };
    return told(settled(worker('w'), { children: { deployments: [deployment], pods: pods(deployment) } }));
  };
  const why = '0 of 1 consumers are ready; consumer "1" fails: no such table';

  it('is Stalled, which ends the waiting of others', () => {
    const { ready, reconciling, stalled } = upTo(3, (deployment) => [podOf(deployment, { status: crashing })]);
    expect(ready).toBe(`False ConsumersFailing: ${why}`);
    expect(stalled).toBe(
      `True ProgressDeadlineExceeded: that takes longer than a Deployment waits, which is ten minutes: ${why}`,
    );
    expect(reconciling).toBeUndefined();
  });

  it('is not yet when the Deployment has not seen what it asks for now', () => {
    const { reconciling, stalled } = upTo(2, (deployment) => [podOf(deployment, { status: crashing })]);
    expect([stalled, reconciling]).toEqual([undefined, `True ConsumersFailing: ${why}`]);
  });

  it.each<[string, (deployment: KubeObject) => KubeObject[]]>([
    ['no pod', () => []],
    [
      'the pod of an earlier generation',
      () => [podOf(settled(worker('w', withInline('old\n'))).children.deployments[0]!)],
    ],
  ])('is not yet while there is %s: the word may be about the one before', (_, pods) => {
    const { reconciling, stalled } = upTo(3, pods);
    expect([stalled, reconciling?.slice(0, 4)]).toEqual([undefined, 'True']);
  });

  it('is not when that was said before the pod was there: the word is about the one before', () => {
    const upAt = (age: number) => upTo(3, (deployment) => [podOf(deployment, { status: crashing, age })]);
    expect(upAt(at + 1).stalled).toBeUndefined();
    expect(upAt(at).stalled).toContain('ProgressDeadlineExceeded');
  });

  it('is ready when its pod is, whatever was said before', () => {
    const { ready, stalled } = upTo(3, (deployment) => [podOf(deployment)]);
    expect([ready, stalled]).toEqual(['True ConsumersReady: the one consumer is ready', undefined]);
  });
});

describe('a roll', () => {
  const before = settled(worker('w', withCount(2)));
  const oldPods = before.children.deployments.map((deployment) => podOf(deployment));
  const changes: readonly [string, ReturnType<typeof withInline>][] = [
    ['code', withInline('export default () => 1;\n')],
    ['settings', withSpec({ handler: { timeoutSeconds: 5 } })],
    ['scope', withSpec({ permissions: { net: ['10.0.0.0/8:443'] } })],
    ['resources', withSpec({ pod: { resources: { limits: { memory: '256Mi' } } } })],
  ];

  it.each(changes)('of new %s is not Ready while old pods still run, however ready they are', (_, change) => {
    const { status, ready } = told(withPods(worker('w', withCount(2), change), () => oldPods));
    expect(status.consumers?.map(({ state, reason }) => `${state} ${reason}`)).toEqual(
      Array(2).fill('Updating Outdated'),
    );
    expect(ready).toBe(
      'False ConsumersUpdating: 2 of 2 consumers are ready, 0 with what is asked for now; consumer "1" still runs what was asked for before; consumer "2" still runs what was asked for before',
    );
    expect(status.consumersReady).toBe('2/2');
  });

  it.each(changes)('of new %s is Ready once every pod is made from the new template', (_, change) => {
    const { ready } = told(
      withPods(worker('w', withCount(2), change), (deployments) => deployments.map((one) => podOf(one))),
    );
    expect(ready).toBe('True ConsumersReady: all 2 consumers are ready');
  });

  it('says of an old pod on its way out that it is being replaced', () => {
    const { status, ready } = told(
      withPods(worker('w', withCount(2), changes[0]![1]), ([first]) => [
        podOf(first!),
        podOf(before.children.deployments[1]!, { deleted: true }),
      ]),
    );
    expect(rowOf(status, '2')).toBe('Updating Terminating w-2 0');
    expect(ready).toBe('False ConsumersUpdating: 1 of 2 consumers are ready; consumer "2" is being replaced');
  });
});

describe('a worker that is scaled down', () => {
  const four = settled(worker('w', withCount(4)));
  const one = { ...worker('w', withCount(1)), metadata: four.object.metadata };

  it.each([
    ['before its consumers are stopped', false],
    ['while their pods end', true],
  ])('stays Ready %s, and says what it waits for', (_, deleted) => {
    const pods = four.children.deployments.map((deployment, at) => podOf(deployment, { deleted: deleted && at > 0 }));
    const { status, ready, reconciling } = told(observed(one, { children: { ...four.children, pods } }));
    expect(ready).toBe('True ConsumersReady: the one consumer is ready');
    expect(reconciling).toBe(
      'True Waiting: waiting for the pod of consumer "2" to end, the pod of consumer "3" to end, the pod of consumer "4" to end',
    );
    expect(status.consumers?.map(({ id, state }) => `${id} ${state}`)).toEqual([
      '1 Ready',
      '2 Draining',
      '3 Draining',
      '4 Draining',
    ]);
    expect(status.consumersReady).toBe('1/1');
  });
});

describe('a suspended worker', () => {
  const suspended = worker('w', withSpec({ suspend: true }));
  const whole = settled(suspended);
  const left = (spec: Partial<ObservedSpec>, pods: readonly KubeObject[] = []) =>
    told(observed(whole.object, { children: { ...whole.children, pods: [...pods] }, spec }));
  const noSource = { ok: false, problem: missing('ConfigMapNotFound', 'there is no ConfigMap') } as const;

  it('is Ready without a pod, and needs no source for that', () => {
    const { ready, reconciling } = left({ source: noSource });
    expect([ready, reconciling]).toEqual(['True Suspended: the worker is suspended: no consumer runs', undefined]);
  });

  it('is not Ready while a pod of it ends', () => {
    const [deployment] = settled(worker('w')).children.deployments;
    const { ready, reconciling } = left({ source: noSource }, [podOf(deployment!, { deleted: true })]);
    expect(ready).toContain('ConfigMapNotFound');
    expect(reconciling).toMatch(/^True ConfigMapNotFound: /);
    const { ready: draining } = told({ ...whole, children: { ...whole.children, pods: [podOf(deployment!)] } });
    expect(draining).toBe('False Draining: one consumer finishes its work before the worker is suspended');
  });
});

test('a repair does not make a worker that works unready', () => {
  const complete = withPods(worker('w'), (deployments) => deployments.map((one) => podOf(one)));
  const { ready, reconciling } = told({ ...complete, children: { ...complete.children, networkPolicies: [] } });
  expect([ready, reconciling]).toEqual([
    'True ConsumersReady: the one consumer is ready',
    'True Applying: changes are being applied',
  ]);
});
