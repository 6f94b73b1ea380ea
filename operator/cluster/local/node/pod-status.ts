/** The status of a pod, from what its one container does. Pure. */
import type { Exit } from './process-group.ts';
import { podIP } from './pod-spec.ts';

/** The end of a container, in the words of the Pod API. */
export interface Termination {
  readonly exitCode: number;
  readonly signal?: number;
  readonly reason: 'Completed' | 'Error' | 'StartError';
  /** The last lines it wrote, when it failed. */
  readonly message?: string;
  readonly startedAt: string;
  readonly finishedAt: string;
}

/** What the container does now. */
export type ContainerState =
  | { readonly kind: 'waiting'; readonly reason: string; readonly message?: string }
  | { readonly kind: 'running'; readonly startedAt: string; readonly pid: number }
  | { readonly kind: 'terminated'; readonly termination: Termination };

/** All that a status is made of. */
export interface ContainerReport {
  readonly name: string;
  readonly image: string;
  readonly state: ContainerState;
  readonly last?: Termination;
  readonly restartCount: number;
  /** Its startup probe has passed, or there is none and it runs. */
  readonly started: boolean;
  readonly ready: boolean;
  /** Why it is not ready, in one sentence. */
  readonly problem: string;
}

/** A condition of a pod as the API carries it. */
export interface PodCondition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
  readonly lastTransitionTime?: string;
}

/** Phase of a pod: `Succeeded` and `Failed` only when nothing will be started again. */
export type Phase = 'Pending' | 'Running' | 'Succeeded' | 'Failed';

/** Time as the Pod API carries it: ISO, whole seconds. */
export function timestamp(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
}

/** The termination of a container that ended; `output` is the end of what it wrote. */
export function terminationOf(exit: Exit, output: string, startedAt: string, finishedAt: string): Termination {
  const message = exit.startError ?? output;
  return {
    exitCode: exit.code,
    ...(exit.signal === undefined ? {} : { signal: exit.signal }),
    reason: exit.startError !== undefined ? 'StartError' : exit.code === 0 ? 'Completed' : 'Error',
    ...(exit.code === 0 || message === '' ? {} : { message }),
    startedAt,
    finishedAt,
  };
}

/** The status to apply; a condition keeps its time while its status is the same. */
export function podStatus(
  report: ContainerReport,
  phase: Phase,
  startTime: string,
  before: readonly PodCondition[],
  now: string,
): { conditions: readonly PodCondition[]; [field: string]: unknown } {
  const ready = report.ready
    ? {}
    : { reason: 'ContainersNotReady', message: report.problem || `container ${report.name} is not ready` };
  const truth = (value: boolean) => (value ? 'True' : 'False');
  const conditions: PodCondition[] = [
    { type: 'Initialized', status: 'True' },
    { type: 'ContainersReady', status: truth(report.ready), ...ready },
    { type: 'Ready', status: truth(report.ready), ...ready },
  ];
  return {
    phase,
    startTime,
    hostIP: podIP,
    podIP,
    podIPs: [{ ip: podIP }],
    conditions: conditions.map((condition) => {
      const known = before.find(({ type }) => type === condition.type);
      return {
        ...condition,
        lastTransitionTime: (known?.status === condition.status && known.lastTransitionTime) || now,
      };
    }),
    containerStatuses: [containerStatus(report)],
  };
}

function containerStatus({ name, image, state, last, restartCount, started, ready }: ContainerReport): object {
  return {
    name,
    image,
    imageID: '',
    ready,
    started,
    restartCount,
    state: stateOf(state),
    ...(state.kind === 'running' ? { containerID: `process://${state.pid}` } : {}),
    ...(last === undefined ? {} : { lastState: { terminated: last } }),
  };
}

function stateOf(state: ContainerState): object {
  switch (state.kind) {
    case 'waiting':
      return { waiting: { reason: state.reason, ...(state.message === undefined ? {} : { message: state.message }) } };
    case 'running':
      return { running: { startedAt: state.startedAt } };
    case 'terminated':
      return { terminated: state.termination };
  }
}
