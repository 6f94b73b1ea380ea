/**
 * Wakes workers: waits for the next request of every autoscaled worker that has nothing to do, with one blocking read
 * per Redis, so that an idle worker costs nothing.
 */
import type { Clock } from '../../clock.ts';
import { Arrivals } from '../../redis/arrivals.ts';
import type { RedisConnections } from '../../redis/connections.ts';
import { readKey } from '../../redis/read-key.ts';
import type { RedisTarget } from '../../redis/target.ts';
import type { Observed } from '../model/observed.ts';
import type { Demand } from '../model/work.ts';
import { runningIds } from '../plan/wanted.ts';
import type { Enqueue } from './changes.ts';

/** What it works with. */
export interface IdleStreamsOptions {
  readonly connections: RedisConnections;
  readonly clock: Clock;
  readonly enqueue: Enqueue;
}

/** A worker that has nothing to do. */
interface Idle {
  readonly target: RedisTarget;
  readonly comes: NonNullable<Demand['comes']>;
  /** Nobody runs: every millisecond counts. */
  readonly isAsleep: boolean;
}

/** One read and the workers it is for: with the last of them its connection is closed. */
interface Read {
  readonly arrivals: Arrivals;
  readonly workers: Set<string>;
}

/** One that runs is at work by the time it is told of a request: it is looked at so often at most, in milliseconds. */
const awakeMs = 1000;

export class IdleStreams {
  readonly #options: IdleStreamsOptions;
  readonly #reads = new Map<string, Read>();
  readonly #readOf = new Map<string, string>();
  readonly #woken = new Set<string>();

  constructor(options: IdleStreamsOptions) {
    this.#options = options;
  }

  /** Waits for a request as long as the worker has none. */
  keep(workerKey: string, observed: Observed): void {
    const idle = idleOf(observed);
    const key = idle && readKey(idle.target, idle.comes.stream);
    if (this.#readOf.get(workerKey) !== key) this.#leave(workerKey);
    if (idle === undefined || key === undefined) return;
    const { target, comes, isAsleep } = idle;
    const read = this.#reads.get(key) ?? { arrivals: this.#open(target, comes.stream), workers: new Set() };
    this.#reads.set(key, read);
    this.#readOf.set(workerKey, key);
    read.workers.add(workerKey);
    read.arrivals.add({ id: workerKey, ...comes }, isAsleep ? 0 : awakeMs);
  }

  forget(workerKey: string): void {
    this.#leave(workerKey);
    this.#woken.delete(workerKey);
  }

  /** True once for every request that came while nobody had anything to do. */
  takeWoken(workerKey: string): boolean {
    return this.#woken.delete(workerKey);
  }

  /** Settles when no read is under way. */
  async close(): Promise<void> {
    const reads = [...this.#reads.values()];
    this.#reads.clear();
    this.#readOf.clear();
    await Promise.all(reads.map(({ arrivals }) => arrivals.close()));
  }

  #leave(workerKey: string): void {
    const key = this.#readOf.get(workerKey) ?? '';
    this.#readOf.delete(workerKey);
    const read = this.#reads.get(key);
    if (read === undefined) return;
    read.arrivals.remove(workerKey);
    read.workers.delete(workerKey);
    if (read.workers.size > 0) return;
    this.#reads.delete(key);
    void read.arrivals.close();
  }

  #open(target: RedisTarget, stream: string): Arrivals {
    const { connections, clock, enqueue } = this.#options;
    return new Arrivals({
      clock,
      control: connections.control(target),
      blocking: connections.blocking(target, stream),
      came: (workerKey) => {
        this.#woken.add(workerKey);
        enqueue(workerKey, 'Woken');
      },
      doubted: (workerKey) => enqueue(workerKey),
    });
  }
}

function idleOf({ object, spec, children }: Observed): Idle | undefined {
  if (!spec?.access.ok || spec.redis.kind === 'fault' || spec.problems.length > 0) return undefined;
  const { consumers: { autoscale }, suspend } = spec.blueprint;
  if (autoscale === undefined || suspend || object.metadata.deletionTimestamp !== undefined) return undefined;
  const { work } = spec.redis;
  const { waiting, taken, comes } = work.demand;
  const running = runningIds(children).length;
  const isBusy = waiting !== 0 || (taken > 0 && running > 0) || work.problems.length > 0;
  return isBusy || comes === undefined || running >= autoscale.max
    ? undefined
    : { target: spec.access.value.target, comes, isAsleep: running === 0 };
}
