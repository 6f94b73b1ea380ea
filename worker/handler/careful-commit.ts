/**
 * The commit for whatever is out of the ordinary: retries, dead letters, refused requests, keys that exist already,
 * entries that may be another's by now. It looks first, then writes what fits, all or nothing. Two round trips, during
 * which nothing else may be committed over the connection.
 */
import { wallOffset } from '../pod/clock.ts';
import { RedisError } from '../redis/resp.ts';
import type { TellingClock } from './answer-commands.ts';
import { keysOf, planFinish } from './commit-plan.ts';
import type { Held } from './in-flight.ts';
import type { OwnKeys, Written } from './own-keys.ts';
import type { Place } from './place.ts';
import type { TraceExpiry } from './trace-expiry.ts';

/** What came of a careful commit. Each request of the batch is in one of the lists, unless it was refused. */
export interface CarefulResult {
  /** Why Redis took nothing of it. */
  readonly refusal?: RedisError;
  readonly written: readonly Written[];
  /** Another consumer's by now. */
  readonly gone: readonly Held[];
  /** Those that wait for somebody to see to a key. */
  readonly waiting: readonly { readonly held: Held; readonly problem: string }[];
  /** Whether every key of a request was free: the usual commit would have done. */
  readonly ordinary: boolean;
}

/** One way of committing with care, one batch at a time. */
export interface CarefulWay {
  readonly own: OwnKeys;
  /**
   * @param batch requests that are ours
   * @throws RedisError, ConnectionLostError, FatalError when we are fenced
   */
  tryOnce(batch: readonly Held[]): Promise<Omit<CarefulResult, 'gone'> | 'changed'>;
}

/** @throws ConnectionLostError, FatalError when we are fenced. */
export async function commitWithCare(way: CarefulWay, batch: readonly Held[]): Promise<CarefulResult> {
  try {
    const gone = await way.own.gone(batch);
    const ours = batch.filter((held) => !gone.includes(held));
    for (;;) {
      const result = await way.tryOnce(ours);
      if (result !== 'changed') return { ...result, gone };
    }
  } catch (error) {
    if (!(error instanceof RedisError)) throw error;
    return { refusal: error, written: [], gone: [], waiting: [], ordinary: false }; // not even a question is answered
  }
}

/** All keys are at one server: everything is written at once. */
export class CarefulCommits implements CarefulWay {
  readonly own: OwnKeys;
  readonly #place: Place;
  readonly #traceExpiry: TraceExpiry;
  readonly #clock: TellingClock;

  constructor(own: OwnKeys, place: Place, traceExpiry: TraceExpiry, clock: TellingClock) {
    this.own = own;
    this.#place = place;
    this.#traceExpiry = traceExpiry;
    this.#clock = clock;
  }

  async tryOnce(batch: readonly Held[]): Promise<Omit<CarefulResult, 'gone'> | 'changed'> {
    const keys = [...new Set(batch.flatMap((held) => keysOf(held, this.#place)))];
    const stateOf = await this.own.look(keys);
    const offset = wallOffset(this.#clock);
    const planned = batch.map((held) => ({
      held,
      finish: planFinish(held, stateOf, this.#place, this.#traceExpiry, offset),
    }));
    const waiting = planned.flatMap(({ held, finish }) =>
      finish.kind === 'wait' ? [{ held, problem: finish.problem }] : []
    );
    const writing = planned.flatMap(({ held, finish }) => finish.kind === 'write' ? [{ held, finish }] : []);
    const ordinary = keys.every((key) => stateOf(key).type === 'none' || this.#isShared(key));
    if (writing.length === 0) {
      await this.own.unwatch();
      return { written: [], waiting, ordinary };
    }
    const written = await this.own.write(writing);
    if (written === 'changed') return written;
    if (written instanceof RedisError) return { refusal: written, written: [], waiting: [], ordinary };
    return { written, waiting, ordinary };
  }

  /** Streams of the place are there for every request. */
  #isShared(key: string): boolean {
    return key === this.#place.responseStream || key === this.#place.settings.deadLetterStream;
  }
}
