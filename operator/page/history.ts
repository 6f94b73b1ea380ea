/** The last 15 minutes of each worker: a sample now and then, in a ring that never grows. */
import type { Clock } from '../clock.ts';
import type { LiveWorker } from './live-worker.ts';

/** What was counted of a worker at a moment. */
export interface Sample {
  readonly total: number;
  readonly failed: number;
  readonly codes: Readonly<Record<string, number>>;
  readonly backlog: number | undefined;
}

/** Samples of one worker, the oldest first, each with its time in ms. */
export type Samples = readonly { readonly at: number; readonly sample: Sample }[];

/** Milliseconds between two samples, and how many are kept: the ends of 60 intervals, 15 minutes in all. */
export const sampleMs = 15_000;
export const kept = 61;

/**
 * Takes samples of all workers from its start until it is stopped. Times are kept once for all, and a worker that did
 * nothing has its last sample again rather than another like it: a thousand workers at rest take half a megabyte.
 */
export class History {
  readonly #clock: Clock;
  readonly #workers: () => readonly LiveWorker[];
  readonly #times: number[] = [];
  readonly #rings = new Map<string, (Sample | undefined)[]>();
  #cancel: () => void;

  constructor(clock: Clock, workers: () => readonly LiveWorker[]) {
    this.#clock = clock;
    this.#workers = workers;
    this.#cancel = clock.after(0, () => this.#take());
  }

  /** What is known of the worker with this UID. */
  of(uid: string): Samples {
    const ring = this.#rings.get(uid) ?? [];
    return ring.flatMap((sample, at) => (sample === undefined ? [] : [{ at: this.#times[at] ?? 0, sample }]));
  }

  stop(): void {
    this.#cancel();
  }

  #take(): void {
    this.#cancel = this.#clock.after(sampleMs, () => this.#take());
    this.#times.push(this.#clock.now());
    const workers = new Map(this.#workers().map((worker) => [worker.uid, worker]));
    for (const uid of this.#rings.keys()) if (!workers.has(uid)) this.#rings.delete(uid);
    for (const [uid, worker] of workers) {
      const ring = this.#rings.get(uid) ?? Array.from<undefined>({ length: this.#times.length - 1 });
      ring.push(sampleOf(worker, ring.at(-1)));
      this.#rings.set(uid, ring);
    }
    if (this.#times.length <= kept) return;
    this.#times.shift();
    for (const ring of this.#rings.values()) ring.shift();
  }
}

function sampleOf(
  { tally: { total, failed, codes }, stream: { backlog } }: LiveWorker,
  last: Sample | undefined,
): Sample {
  const isSame = last?.total === total && last.failed === failed && last.backlog === backlog;
  return isSame ? last : { total, failed, codes, backlog };
}
