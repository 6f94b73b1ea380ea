/** What the pods of one consumer amount to. Pure; the words of nodes and processes are kept apart from ours. */
import type { ConsumerStatus } from '../../api/redisworker.ts';
import type { KubeObject } from '../../cluster/cluster.ts';
import {
  addedContainersOf,
  type ContainerStatus,
  holding,
  isReady,
  mayStillRun,
  podStatus,
  templateOf,
  workerContainerOf,
} from '../model/children.ts';
import { bounded, inOneLine } from './text.ts';
import { needsSource, whyEnded } from './why-ended.ts';

/** The state of a consumer; its fault completes the sentence `consumer "1" …`. */
export interface ConsumerState {
  readonly state: NonNullable<ConsumerStatus['state']>;
  /** One word of the node, of the scheduler or of ours. */
  readonly reason?: string | undefined;
  /** What keeps it from being ready; undefined when it is. */
  readonly fault?: string | undefined;
  /** Nothing but another module can help. */
  readonly needsSource?: boolean;
}

/** Reasons of a waiting container that mean it will not come up by itself soon. */
const failing = new Set([
  'CrashLoopBackOff',
  'CreateContainerConfigError',
  'CreateContainerError',
  'ErrImageNeverPull',
  'ErrImagePull',
  'ImageInspectError',
  'ImagePullBackOff',
  'InvalidImageName',
  'PostStartHookError',
  'RunContainerError',
]);

/** The pod that tells most of a consumer: one that stays before one on its way out, one that ended last of all. */
export function tellingPod(pods: readonly KubeObject[]): KubeObject | undefined {
  const rank = (pod: KubeObject) =>
    (mayStillRun(pod) ? 4 : 0) + (pod.metadata.deletionTimestamp === undefined ? 2 : 0) + (isReady(pod) ? 1 : 0);
  const age = ({ metadata }: KubeObject) => metadata.creationTimestamp ?? '';
  return [...pods].sort((a, b) => rank(b) - rank(a) || (age(a) < age(b) ? 1 : -1))[0];
}

/**
 * The state of a consumer.
 * @param pod what {@link tellingPod} found
 * @param wanted digest of the template this generation asks for; undefined when nobody can tell it
 * @param deployment the Deployment that makes its pods, when there is one
 */
export function stateOf(
  pod: KubeObject | undefined,
  wanted: string | undefined,
  deployment: KubeObject | undefined,
): ConsumerState {
  if (!pod) return withoutPod(deployment);
  if (!mayStillRun(pod)) return finished(pod);
  const outdated = wanted !== undefined && templateOf(pod) !== wanted;
  if (pod.metadata.deletionTimestamp !== undefined) return leaving(pod, outdated);
  if (outdated) return { state: 'Updating', reason: 'Outdated', fault: 'still runs what was asked for before' };
  if (isReady(pod)) return { state: 'Ready' };
  return trouble(workerContainerOf(pod)) ?? addedTrouble(pod) ?? unscheduled(pod) ?? lost(pod) ?? starting(pod);
}

/**
 * A node that is heard of no more cannot tell of its pods: its controller calls them unready, whose containers were all
 * ready when the node last spoke.
 */
function lost(pod: KubeObject): ConsumerState | undefined {
  const { conditions = [], containerStatuses = [] } = podStatus(pod);
  const ready = conditions.find(({ type }) => type === 'Ready');
  const isLost = ready !== undefined && ready.status !== 'True' && ready.reason !== 'ReadinessGatesNotReady' &&
    !conditions.some(({ type, status }) => type === 'ContainersReady' && status !== 'True') &&
    containerStatuses.length > 0 && containerStatuses.every((container) => container.ready === true);
  if (!isLost) return undefined;
  const { nodeName } = (pod.spec ?? {}) as { nodeName?: string };
  return {
    state: 'Failing',
    reason: 'NodeNotReady',
    fault: `is on ${
      nodeName === undefined ? 'a node' : `node "${nodeName}"`
    }, which does not answer: it is replaced once the cluster gives the node up, which takes five minutes by default`,
  };
}

/** A Deployment that may not make pods, by a quota for one, says so. */
function withoutPod(deployment: KubeObject | undefined): ConsumerState {
  const refused = deployment && holding(deployment, 'ReplicaFailure');
  return refused
    ? { state: 'Failing', reason: refused.reason ?? 'FailedCreate', fault: `gets no pod: ${said(refused.message)}` }
    : { state: 'Pending', reason: 'NoPod', fault: 'has no pod yet' };
}

/** A pod that was put off its node for what it used is its worker's doing; any other end is not. */
function finished(pod: KubeObject): ConsumerState {
  const { phase, reason, message } = podStatus(pod);
  const why = holding(pod, 'DisruptionTarget');
  const word = reason ?? why?.reason ?? phase;
  const sentence = message ?? why?.message;
  if (reason === 'Evicted') return { state: 'Failing', reason, fault: `was evicted: ${said(sentence)}` };
  return {
    state: 'Pending',
    reason: word,
    fault: `waits for a new pod, the last one has ended${sentence === undefined ? '' : `: ${said(sentence)}`}`,
  };
}

function leaving(pod: KubeObject, outdated: boolean): ConsumerState {
  const why = holding(pod, 'DisruptionTarget');
  if (why) {
    return {
      state: 'Draining',
      reason: why.reason ?? 'Terminating',
      fault: `is being stopped: ${said(why.message ?? why.reason)}`,
    };
  }
  return outdated
    ? { state: 'Updating', reason: 'Terminating', fault: 'is being replaced' }
    : { state: 'Draining', reason: 'Terminating', fault: 'is being stopped' };
}

function trouble(container: ContainerStatus | undefined): ConsumerState | undefined {
  if (!container) return undefined;
  const ended = container.state?.terminated ?? container.lastState?.terminated;
  const { reason = '', message } = container.state?.waiting ?? {};
  if (failing.has(reason) && !(reason === 'CrashLoopBackOff' && ended)) {
    return { state: 'Failing', reason, fault: `fails: ${said(message ?? reason)}` };
  }
  if (!ended || (ended.exitCode === 0 && reason !== 'CrashLoopBackOff')) return undefined;
  const word = ended.reason === 'OOMKilled' || reason === '' ? ended.reason ?? 'Error' : reason;
  return { state: 'Failing', reason: word, fault: `fails: ${whyEnded(ended)}`, needsSource: needsSource(ended) };
}

/** A container that is not ours and keeps the pod from being ready. */
function addedTrouble(pod: KubeObject): ConsumerState | undefined {
  for (const container of addedContainersOf(pod)) {
    const found = container.ready === true ? undefined : trouble(container);
    if (found) {
      return {
        ...found,
        needsSource: false,
        fault: `waits for container "${container.name ?? ''}", which was added to its pod and ${
          found.fault ?? 'fails'
        }`,
      };
    }
  }
  return undefined;
}

function unscheduled(pod: KubeObject): ConsumerState | undefined {
  const scheduled = podStatus(pod).conditions?.find(({ type }) => type === 'PodScheduled');
  return scheduled?.status === 'False'
    ? {
      state: 'Pending',
      reason: scheduled.reason ?? 'Unschedulable',
      fault: `cannot be scheduled: ${said(scheduled.message)}`,
    }
    : undefined;
}

function starting(pod: KubeObject): ConsumerState {
  const worker = workerContainerOf(pod);
  const reason = worker?.state?.waiting?.reason ?? 'NotReady';
  const added = addedContainersOf(pod).find((container) =>
    container.ready === false && container.state?.terminated === undefined
  );
  if (added && (worker?.ready === true || reason === 'PodInitializing')) {
    return {
      state: 'Starting',
      reason,
      fault: `waits for container "${added.name ?? ''}", which was added to its pod`,
    };
  }
  return wasReady(pod, worker)
    ? { state: 'Starting', reason: 'Unhealthy', fault: notAnyMore }
    : { state: 'Starting', reason, fault: 'is starting' };
}

const notAnyMore = 'runs and is not ready any more: it has lost Redis, or code such as "for (;;) {}" keeps it busy';

/** Until a container is ready for the first time, its pod is not ready since before the container was started. */
function wasReady(pod: KubeObject, worker: ContainerStatus | undefined): boolean {
  const started = worker?.state?.running?.startedAt;
  const since = podStatus(pod).conditions?.find(({ type }) => type === 'Ready')?.lastTransitionTime;
  return started !== undefined && since !== undefined && Date.parse(since) > Date.parse(started);
}

/** Words of a node, a scheduler or a webhook, in one line. */
function said(text: string | undefined): string {
  return bounded(inOneLine(text ?? 'nobody says why'), 500);
}
