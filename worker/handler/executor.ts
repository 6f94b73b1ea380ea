/** Runs handlers: so many at once, each for so long. */
import { maxMovedFields } from '../../contract/limits.ts';
import type { HandlerSettings } from '../../contract/pod.ts';
import { replyCodes } from '../../contract/reply.ts';
import { type Accepts, refusalOf } from '../../contract/request.ts';
import type { Held, InFlightTable } from './in-flight.ts';
import { headOf } from './entry.ts';
import type { Clock } from '../pod/clock.ts';
import { isoTime } from '../pod/iso-time.ts';
import type { Handler } from '../mod.ts';
import { type Answerer, decide, type Ended, errorAnswer, type Outcome } from './outcome.ts';
import { type ContextShared, EntryContext, EntryRequest } from './request.ts';

/** Starts what waits in the table of requests in flight and puts back what became of it. */
export class Executor {
  /** Milliseconds a handler takes, as a moving average. */
  meanMs = 1000;
  /** False once no further handler may start. */
  open = true;
  readonly #inFlight: InFlightTable;
  readonly #handler: Handler;
  readonly #shared: ContextShared;
  readonly #accepts: Accepts;
  readonly #policy: HandlerSettings;
  readonly #clock: Clock;

  constructor(
    inFlight: InFlightTable,
    handler: Handler,
    shared: ContextShared,
    accepts: Accepts,
    policy: HandlerSettings,
    clock: Clock,
  ) {
    this.#inFlight = inFlight;
    this.#handler = handler;
    this.#shared = shared;
    this.#accepts = accepts;
    this.#policy = policy;
    this.#clock = clock;
  }

  /** Starts waiting requests until `concurrency` handlers run. */
  startWaiting(): void {
    while (this.open && this.#inFlight.running < this.#policy.concurrency) {
      const held = this.#inFlight.start();
      if (held === undefined) return;
      this.#start(held);
    }
  }

  /** Ends a request nobody shall run: it was delivered too often without ever being finished. */
  quarantine(held: Held): void {
    held.startedMs = this.#clock.now();
    const head = headOf(held.entry);
    if (refusalOf(head, this.#accepts)?.cause === 'ref') return void this.#finish(held, { refused: 'ref' });
    held.ref = head.ref ?? '';
    const reason = `delivered ${
      held.deliveries - 1
    } times and never finished: it seems to end the process that runs it`;
    this.#finish(held, {
      dead: reason,
      answer: errorAnswer(replyCodes.failed, `the request was ${reason}`, this.#answerer(held)),
    });
  }

  /** Answers 504 for every request whose time is over. */
  endOverdue(): void {
    const overdue = this.#clock.now() - this.#policy.timeoutSeconds * 1000;
    for (const held of this.#inFlight.runningNow()) {
      if (held.startedMs > overdue) continue;
      this.#settle(held, { kind: 'timedOut' });
      held.context?.abort(`the handler did not finish within ${this.#policy.timeoutSeconds} s`);
    }
    this.startWaiting();
  }

  #start(held: Held): void {
    held.startedMs = this.#clock.now();
    if (held.entry.fields.length === 0) return this.#finish(held, {}); // deleted from the stream after it was delivered
    const head = headOf(held.entry);
    const refusal = refusalOf(head, this.#accepts);
    if (refusal?.cause === 'ref') return this.#finish(held, { refused: 'ref' });
    held.ref = head.ref ?? '';
    if (refusal === undefined) return this.#run(held);
    this.#finish(held, {
      refused: refusal.cause,
      answer: errorAnswer(replyCodes.badRequest, refusal.message, this.#answerer(held)),
    });
  }

  /** A handler that returns no promise is done at once: nothing is kept for it that would outlive the call. */
  #run(held: Held): void {
    const context = new EntryContext(held.ref, held.entry, this.#shared);
    held.context = context;
    let promised: PromiseLike<unknown> | undefined;
    let ended: Ended = { kind: 'returned', value: undefined };
    try {
      const value = this.#handler(new EntryRequest(held.ref, held.entry), context);
      if (isThenable(value)) promised = value;
      else ended = { kind: 'returned', value };
    } catch (error) {
      ended = { kind: 'threw', error };
    }
    if (promised === undefined) this.#settle(held, ended);
    else void this.#settleLater(held, promised);
  }

  async #settleLater(held: Held, promised: PromiseLike<unknown>): Promise<void> {
    let ended: Ended;
    try {
      ended = { kind: 'returned', value: await promised };
    } catch (error) {
      ended = { kind: 'threw', error };
    }
    this.#settle(held, ended);
    this.startWaiting();
  }

  #settle(held: Held, ended: Ended): void {
    if (held.state !== 'running') return; // timed out or given up before; what came of it is too late
    const nowMs = this.#clock.now();
    const attempt = { attempt: held.entry.attempt, policy: this.#policyFor(held), nowMs, random: this.#clock.random() };
    this.meanMs += (nowMs - held.startedMs - this.meanMs) / 16;
    this.#inFlight.finish(held, decide(ended, this.#answerer(held, nowMs), attempt), nowMs);
  }

  /** A request that no script could move back into the stream is tried once. */
  #policyFor({ entry }: Held): HandlerSettings {
    return entry.fields.length / 2 > maxMovedFields ? { ...this.#policy, maxAttempts: 1 } : this.#policy;
  }

  #finish(held: Held, outcome: Outcome): void {
    this.#inFlight.finish(held, outcome, this.#clock.now());
  }

  #answerer(held: Held, nowMs = this.#clock.now()): Answerer {
    return { ref: held.ref, source: this.#accepts.type, time: isoTime(nowMs) };
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}
