/** How following a kind, or one object, fares. */
import { type BackOff, backOffMs } from '../../backoff.ts';
import type { ClusterError } from '../cluster.ts';
import type { Hooks, Log } from './hooks.ts';

/** Who is told; `random` gives 0 to 1. */
export interface WatchHealthContext {
  readonly random: () => number;
  readonly log: Log;
  readonly hooks: Hooks;
}

/** Counts failures in a row, tells about them, and says how long to wait. */
export class WatchHealth {
  readonly #context: WatchHealthContext;
  readonly #backOff: BackOff;
  readonly #kind: string;
  #failures = 0;
  #told: string | undefined;

  constructor(context: WatchHealthContext, backOff: BackOff, kind: string) {
    this.#context = context;
    this.#backOff = backOff;
    this.#kind = kind;
    context.hooks.watched?.(kind);
  }

  /** The stream brings what happens. */
  good(): void {
    this.#failures = 0;
    if (this.#told === undefined) return;
    this.#told = undefined;
    this.#context.log.info({ kind: this.#kind }, 'followed again');
    this.#context.hooks.watchProblem?.(this.#kind, undefined);
  }

  /** Following failed. @returns the wait in ms; none after the first expired version, which is routine */
  bad(fault: ClusterError): number {
    const { hooks, log, random } = this.#context;
    this.#failures += 1;
    hooks.watchRestarted?.(this.#kind, fault.reason);
    if (fault.status === 410 && this.#failures === 1) return 0;
    hooks.watchProblem?.(this.#kind, fault);
    const fields = {
      kind: this.#kind,
      reason: fault.reason,
      status: fault.status,
      problem: fault.message,
      failures: this.#failures,
    };
    if (this.#told === fault.reason) log.debug(fields, 'still not followed');
    else log.warn(fields, 'following was interrupted, starting again');
    this.#told = fault.reason;
    return Math.max(fault.retryAfterMs ?? 0, backOffMs(this.#backOff, this.#failures, random));
  }
}
