/** Writes the latest status of one pod, one write at a time; what is overtaken is never sent. */
import type { Clock } from '../../../clock.ts';
import { type Cluster, ClusterError, type KubeObject } from '../../cluster.ts';
import type { Log } from '../log.ts';
import { sameJson } from '../store/objects.ts';

const retryMs = 1000;

/** Retries what fails until the pod is gone or belongs to another incarnation. */
export class StatusWriter {
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
