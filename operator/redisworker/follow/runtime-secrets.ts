/**
 * The Secrets the operator keeps for its workers, as they are known. Nobody else writes them, so one is asked for when
 * something about its worker calls for it and not on a timer: a thousand workers at rest ask for nothing.
 */
import type { Clock } from '../../clock.ts';
import { type Cluster, keyOf, type KubeObject, type ObjectRef, resources } from '../../cluster/cluster.ts';

/** A pod that has not come up by then may be waiting for a Secret that somebody has changed. */
const patienceMs = 30_000;

/** What asking takes. */
export interface RuntimeSecretsOptions {
  readonly cluster: Pick<Cluster, 'get'>;
  readonly clock: Clock;
  readonly enqueue: (workerKey: string) => void;
}

/** What is known of one Secret; `object` is undefined when there is none. */
interface Known {
  readonly object: KubeObject | undefined;
  readonly ref: ObjectRef;
}

/** Remembers one Secret per worker (key). */
export class RuntimeSecrets {
  readonly #options: RuntimeSecretsOptions;
  readonly #known = new Map<string, Known>();
  readonly #doubted = new Set<string>();
  /** Workers with pods that do not come up, and when their Secret is doubted for it. */
  readonly #awaiting = new Map<string, number>();
  #cancelSweep: (() => void) | undefined;

  constructor(options: RuntimeSecretsOptions) {
    this.#options = options;
  }

  /** The Secret of the worker `key`, asked for when it is not known or in doubt. @throws ClusterError */
  async read(key: string, ref: ObjectRef): Promise<KubeObject | undefined> {
    const before = this.#known.get(key);
    if (before !== undefined && keyOf(before.ref) === keyOf(ref) && !this.#doubted.has(key)) return before.object;
    this.#doubted.delete(key); // a doubt that comes while it is asked for stays
    try {
      const object = await this.#options.cluster.get(resources.secrets, ref);
      this.#known.set(key, { object, ref });
      return object;
    } catch (error) {
      this.#doubted.add(key);
      throw error;
    }
  }

  /** Takes in what a write was answered. */
  wrote(key: string, object: KubeObject): void {
    const { namespace, name } = object.metadata;
    this.#known.set(key, { object, ref: { name, ...(namespace === undefined ? {} : { namespace }) } });
    this.#doubted.delete(key);
  }

  /** The next look asks again. */
  doubt(key: string): void {
    this.#doubted.add(key);
  }

  /** @param isWaiting a pod of the worker has not come up: when it goes on, the worker is looked at with a fresh Secret */
  keep(key: string, isWaiting: boolean): void {
    if (!isWaiting) this.#awaiting.delete(key);
    else if (!this.#awaiting.has(key)) this.#awaiting.set(key, this.#options.clock.now() + patienceMs);
    this.#sweepLater();
  }

  /** The worker is gone. */
  forget(key: string): void {
    this.#known.delete(key);
    this.#doubted.delete(key);
    this.#awaiting.delete(key);
  }

  close(): void {
    this.#cancelSweep?.();
  }

  #sweepLater(): void {
    if (this.#awaiting.size === 0 || this.#cancelSweep !== undefined) return;
    this.#cancelSweep = this.#options.clock.after(patienceMs, () => {
      this.#cancelSweep = undefined;
      this.#sweep(this.#options.clock.now());
      this.#sweepLater();
    });
  }

  #sweep(now: number): void {
    for (const [key, due] of this.#awaiting) {
      if (due > now) continue;
      this.#awaiting.set(key, now + patienceMs);
      this.doubt(key);
      this.#options.enqueue(key);
    }
  }
}
