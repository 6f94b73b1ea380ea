/** What is known of a pod's container, written as status and events whenever it changes. */
import type { Clock } from '../../../clock.ts';
import { type Cluster, ClusterError, type KubeObject } from '../../cluster.ts';
import type { Log } from '../log.ts';
import type { ContainerSpec } from './pod-spec.ts';
import {
  type ContainerReport,
  type Phase,
  type PodCondition,
  podStatus,
  type Termination,
  timestamp,
} from './pod-status.ts';
import { sameJson } from '../store/objects.ts';

/** What the pod said of itself before this node took it, for example under a node that crashed. */
interface EarlierStatus {
  readonly startTime?: string;
  readonly conditions?: readonly PodCondition[];
  readonly containerStatuses?: readonly {
    readonly restartCount?: number;
    readonly state?: { readonly running?: object; readonly terminated?: object };
  }[];
}

/** One method per thing that happens to a container. */
export class PodReporter {
  readonly #pod: KubeObject;
  readonly #cluster: Cluster;
  readonly #clock: Clock;
  readonly #writer: StatusWriter;
  readonly #startTime: string;
  #conditions: readonly PodCondition[];
  #report: ContainerReport;
  #phase: Phase = 'Pending';

  constructor(pod: KubeObject, services: { cluster: Cluster; clock: Clock; log: Log }) {
    this.#pod = pod;
    this.#cluster = services.cluster;
    this.#clock = services.clock;
    this.#writer = new StatusWriter(pod, services);
    const earlier = (pod.status ?? {}) as EarlierStatus;
    this.#startTime = earlier.startTime ?? this.#now();
    this.#conditions = earlier.conditions ?? [];
    this.#report = firstReport(pod, earlier);
    this.#tell({});
  }

  running(pid: number, { name, image }: ContainerSpec): void {
    this.#phase = 'Running';
    this.#tell({ name, image, state: { kind: 'running', startedAt: this.#now(), pid }, problem: '' });
    this.#event('Normal', 'Started', `Started container ${name} as process ${pid}.`);
  }

  started(): void {
    this.#tell({ started: true });
  }

  ready(ready: boolean, problem: string): void {
    this.#tell({ ready, problem });
    if (!ready) this.#event('Warning', 'Unhealthy', `Readiness probe failed: ${problem}.`);
  }

  unhealthy(probe: 'Startup' | 'Liveness', problem: string): void {
    this.#event('Warning', 'Unhealthy', `${probe} probe failed: ${problem}; the container is started again.`);
  }

  /** Told again and again while it lasts; people hear it once. */
  cannotStart(reason: string, message: string): void {
    if (this.#report.problem === message) return;
    this.#tell({ state: { kind: 'waiting', reason, message }, started: false, ready: false, problem: message });
    this.#event('Warning', 'Failed', message);
  }

  crashed(termination: Termination, waitMs: number): void {
    const { name } = this.#report;
    const message = `container ${name} ended with exit code ${termination.exitCode}; it is started again in ${
      waitMs / 1000
    } s`;
    this.#tell({
      state: { kind: 'waiting', reason: 'CrashLoopBackOff', message },
      last: termination,
      started: false,
      ready: false,
      problem: message,
    });
    this.#event('Warning', 'BackOff', `${message[0]?.toUpperCase() ?? ''}${message.slice(1)}.`);
  }

  restarting(): void {
    this.#report = { ...this.#report, restartCount: this.#report.restartCount + 1 };
  }

  /** The last run is over: by its restart policy for good, or because the pod or this node ends. */
  ended(termination: Termination, startsAgain: boolean): void {
    if (!startsAgain) this.#phase = termination.exitCode === 0 ? 'Succeeded' : 'Failed';
    this.#tell({
      state: { kind: 'terminated', termination },
      started: false,
      ready: false,
      problem: `container ${this.#report.name} has ended`,
    });
  }

  close(): Promise<void> {
    return this.#writer.close();
  }

  #tell(change: Partial<ContainerReport>): void {
    this.#report = { ...this.#report, ...change };
    const status = podStatus(this.#report, this.#phase, this.#startTime, this.#conditions, this.#now());
    this.#conditions = status.conditions;
    this.#writer.set(status);
  }

  #event(type: 'Normal' | 'Warning', reason: string, message: string): void {
    this.#cluster.record({ regarding: this.#pod, type, reason, message: message.slice(0, 1024) });
  }

  #now(): string {
    return timestamp(this.#clock.now());
  }
}

/** Starts from what is known: a container that ran before under this pod is a restart now. */
function firstReport({ spec }: KubeObject, { containerStatuses }: EarlierStatus): ContainerReport {
  const { containers = [] } = spec as { containers?: readonly { name: string; image?: string }[] };
  const { name = '', image = '' } = containers[0] ?? {};
  const earlier = containerStatuses?.[0];
  const hasRun = (earlier?.state?.running ?? earlier?.state?.terminated) !== undefined;
  return {
    name,
    image,
    state: { kind: 'waiting', reason: 'ContainerCreating' },
    restartCount: (earlier?.restartCount ?? 0) + (hasRun ? 1 : 0),
    started: false,
    ready: false,
    problem: '',
  };
}

const retryMs = 1000;

/**
 * Writes the latest status of one pod, one write at a time; what is overtaken is never sent. Retries what fails
 * until the pod is gone or belongs to another incarnation.
 */
class StatusWriter {
  readonly #pod: KubeObject;
  readonly #cluster: Cluster;
  readonly #clock: Clock;
  readonly #log: Log;
  #wanted: object | undefined;
  #written: object | undefined;
  #work: Promise<void> = Promise.resolve();
  #busy = false;
  #cancelRetry = (): void => undefined;

  constructor(
    { apiVersion, kind, metadata: { name, namespace = '', uid = '' } }: KubeObject,
    services: { cluster: Cluster; clock: Clock; log: Log },
  ) {
    this.#pod = { apiVersion, kind, metadata: { name, namespace, uid } };
    this.#cluster = services.cluster;
    this.#clock = services.clock;
    this.#log = services.log;
  }

  /** Takes the newest status; returns at once. */
  set(status: object): void {
    this.#wanted = status;
    if (!this.#busy) this.#work = this.#writeAll();
  }

  /** Settles when no write is under way; a retry that waits is given up. */
  async close(): Promise<void> {
    await this.#work;
    this.#cancelRetry();
  }

  async #writeAll(): Promise<void> {
    this.#busy = true;
    this.#cancelRetry();
    while (this.#wanted !== undefined && !sameJson(this.#wanted, this.#written)) {
      const status = this.#wanted;
      if (!await this.#write(status)) break;
      this.#written = status;
    }
    this.#busy = false;
  }

  async #write(status: object): Promise<boolean> {
    try {
      await this.#cluster.applyStatus({ ...this.#pod, status }, 'redisworker-node');
      return true;
    } catch (error) {
      if (error instanceof ClusterError && (error.reason === 'NotFound' || error.reason === 'Conflict')) return false;
      this.#log.warn(
        { err: error, pod: this.#pod.metadata.name },
        'the status of a pod could not be written; it is tried again',
      );
      this.#cancelRetry = this.#clock.after(retryMs, () => this.set(this.#wanted ?? status));
      return false;
    }
  }
}
