/** Counts what happens to workers between two readings of the metrics: restarts of containers, decisions of autoscale. */
import type { RedisWorkerStatus } from '../../api/redisworker.ts';
import { type ChangeType, keyOf, type KubeObject } from '../../cluster/cluster.ts';
import { objectRef, uidOf, workerContainerOf } from '../model/children.ts';
import { annotations } from '../model/names.ts';
import type { WorkerEvents } from '../status/figures.ts';
import type { LiveCopies } from './copies.ts';

const nothing: WorkerEvents = { restarts: 0, scaledOut: 0, scaledIn: 0 };

/** Counts from when it is made: what happened before belongs to the process before. */
export class WorkerEventCounts {
  readonly #events = new Map<string, WorkerEvents>();
  /** Restarts a pod has told of, by its UID. */
  readonly #restarts = new Map<string, number>();
  /** Consumers autoscale wants, by worker. */
  readonly #wanted = new Map<string, number>();

  constructor({ pods, workers }: Pick<LiveCopies, 'pods' | 'workers'>) {
    for (const pod of pods.list()) this.#restarts.set(uidOf(pod), restartsOf(pod));
    for (const worker of workers.list()) this.#takeWanted(worker);
    pods.onChange((type, pod) => this.#podChanged(type, pod));
    workers.onChange((type, worker) => this.#workerChanged(type, worker));
  }

  /** What was counted of the worker `<namespace>/<name>`. */
  of(key: string): WorkerEvents {
    return this.#events.get(key) ?? nothing;
  }

  #podChanged(type: ChangeType, pod: KubeObject): void {
    const [uid, name] = [uidOf(pod), pod.metadata.annotations?.[annotations.worker]];
    const [before, now] = [this.#restarts.get(uid) ?? 0, restartsOf(pod)];
    if (type === 'deleted') this.#restarts.delete(uid);
    else this.#restarts.set(uid, now);
    if (name !== undefined && now > before) this.#add(keyOf({ ...objectRef(pod), name }), { restarts: now - before });
  }

  #workerChanged(type: ChangeType, worker: KubeObject): void {
    const key = keyOf(objectRef(worker));
    if (type === 'deleted') {
      this.#events.delete(key);
      this.#wanted.delete(key);
      return;
    }
    const before = this.#wanted.get(key);
    const now = this.#takeWanted(worker);
    if (before === undefined || now === undefined || now === before) return;
    this.#add(key, now > before ? { scaledOut: 1 } : { scaledIn: 1 });
  }

  #takeWanted(worker: KubeObject): number | undefined {
    const { autoscale } = (worker.status ?? {}) as RedisWorkerStatus;
    const key = keyOf(objectRef(worker));
    if (autoscale?.wanted === undefined) this.#wanted.delete(key);
    else this.#wanted.set(key, autoscale.wanted);
    return autoscale?.wanted;
  }

  #add(key: string, more: Partial<WorkerEvents>): void {
    const { restarts, scaledOut, scaledIn } = this.of(key);
    this.#events.set(key, {
      restarts: restarts + (more.restarts ?? 0),
      scaledOut: scaledOut + (more.scaledOut ?? 0),
      scaledIn: scaledIn + (more.scaledIn ?? 0),
    });
  }
}

function restartsOf(pod: KubeObject): number {
  return workerContainerOf(pod)?.restartCount ?? 0;
}
