/** One status row per consumer: what its pod does and what it last answered. */
import type { ConsumerStatus } from '../../api/redisworker.ts';
import type { KubeObject } from '../../cluster/cluster.ts';
import { consumerIdOf, isReady, podStatus } from '../model/children.ts';
import type { Observed, ObservedSpec } from '../model/observed.ts';

/** Rows `kubectl get -o yaml` stays readable with. */
export const maxRows = 100;

/** Reasons of a waiting container that mean it will not come up by itself soon. */
const failing = new Set([
  'CrashLoopBackOff',
  'CreateContainerConfigError',
  'CreateContainerError',
  'ErrImagePull',
  'ImagePullBackOff',
  'InvalidImageName',
  'RunContainerError',
]);

/** A row, and the words of its fault for the Ready condition. */
export interface ConsumerRow {
  readonly row: ConsumerStatus;
  /** Why the consumer is not ready, in the words of the node or the process; undefined when it is. */
  readonly fault: string | undefined;
}

/** Rows for the wanted consumers and for those on their way out. */
export function consumerRows(observed: Observed, spec: ObservedSpec, wanted: readonly string[]): ConsumerRow[] {
  const leaving = observed.children.pods.map(consumerIdOf).filter((id) => id !== undefined && !wanted.includes(id));
  return [...wanted, ...new Set(leaving)].map((id) => consumerRow(observed, spec, id ?? ''));
}

function consumerRow(observed: Observed, spec: ObservedSpec, id: string): ConsumerRow {
  const pods = observed.children.pods.filter((pod) => consumerIdOf(pod) === id);
  const pod = pods.find(({ metadata }) => metadata.deletionTimestamp === undefined) ?? pods[0];
  const { state, reason, fault } = stateOf(pod);
  const answered = observed.responses.perConsumer.get(id);
  const member = spec.redis.kind === 'answered' ? spec.redis.work.members.find((one) => one.id === id) : undefined;
  const row: ConsumerStatus = {
    id,
    state,
    ...(pod ? { pod: pod.metadata.name, restarts: podStatus(pod).containerStatuses?.[0]?.restartCount ?? 0 } : {}),
    ...(member ? { pending: member.pending } : {}),
    ...(answered ? { lastCode: answered.lastCode, lastTime: answered.lastTime } : {}),
    ...(reason ? { reason: reason.slice(0, 256) } : {}),
  };
  return { row, fault };
}

interface State {
  readonly state: ConsumerStatus['state'];
  readonly reason?: string | undefined;
  readonly fault?: string | undefined;
}

function stateOf(pod: KubeObject | undefined): State {
  if (!pod) return { state: 'Pending', reason: 'NoPod', fault: 'has no pod yet' };
  if (pod.metadata.deletionTimestamp !== undefined) {
    return { state: 'Draining', reason: 'Terminating', fault: 'is being stopped' };
  }
  if (isReady(pod)) return { state: 'Ready' };
  return containerState(pod) ?? unscheduled(pod) ?? { state: 'Starting', reason: 'NotReady', fault: 'is starting' };
}

function containerState(pod: KubeObject): State | undefined {
  const container = podStatus(pod).containerStatuses?.[0];
  if (!container) return undefined;
  const ended = container.state?.terminated ?? container.lastState?.terminated;
  const waiting = container.state?.waiting;
  if (waiting && failing.has(waiting.reason ?? '')) {
    return { state: 'Failing', reason: waiting.reason, fault: lastWords(ended) ?? waiting.message ?? waiting.reason };
  }
  return ended && ended.exitCode !== 0
    ? { state: 'Failing', reason: ended.reason ?? 'Error', fault: lastWords(ended) ?? exitSentence(ended.exitCode) }
    : undefined;
}

function exitSentence(exitCode: number | undefined): string {
  return `ended with exit code ${exitCode ?? 'unknown'}`;
}

function unscheduled(pod: KubeObject): State | undefined {
  const scheduled = podStatus(pod).conditions?.find(({ type }) => type === 'PodScheduled');
  return scheduled?.status === 'False'
    ? {
      state: 'Pending',
      reason: scheduled.reason ?? 'Unschedulable',
      fault: scheduled.message ?? 'cannot be scheduled',
    }
    : undefined;
}

/** The last line a process wrote before it ended: our runtime ends with the one sentence that matters. */
function lastWords(ended: { message?: string } | undefined): string | undefined {
  const lines = (ended?.message ?? '').split('\n').map((line) => line.trim()).filter((line) => line !== '');
  return lines.at(-1)?.slice(0, 500);
}
