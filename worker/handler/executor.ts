/** Runs handlers: so many at once, each for so long. */
import { maxMovedFields } from '../../contract/limits.ts';
import type { HandlerSettings } from '../../contract/pod.ts';
import { replyCodes } from '../../contract/reply.ts';
import { type Accepts, refusalOf } from '../../contract/request.ts';
import type { Held, InFlightTable } from './in-flight.ts';
import { headOf, isResponse } from './entry.ts';
import type { Clock } from '../pod/clock.ts';
import { isoTime } from '../pod/iso-time.ts';
import type { Handler, Logger } from '../mod.ts';
import { type Answerer, errorAnswer } from './answer.ts';
import { type Attempt, decide, type Ended, type IsUntold, type Outcome } from './outcome.ts';
import { isUntold, mayBeUntold } from './records.ts';
import { stackOf } from '../pod/foreign.ts';
import { Standstill } from './standstill.ts';
import { type ContextShared, EntryContext, EntryRequest } from './request.ts';
import type { Tracing } from './tracing.ts';

/** How often {@link Executor.endOverdue} is to be called. */
export const sweepMs = 100;

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
  readonly #tracing: Tracing | undefined;
  readonly #standstill: Standstill;
  readonly #mayBeUntold: boolean;
  /** When the monotonic clock was read last, and what it said. */
  #readAtMs = NaN;
  #readMs = 0;

  constructor(
    inFlight: InFlightTable,
    handler: Handler,
    shared: ContextShared,
    accepts: Accepts,
    policy: HandlerSettings,
    clock: Clock,
    tracing?: Tracing,
  ) {
    this.#inFlight = inFlight;
    this.#handler = handler;
    this.#shared = shared;
    this.#accepts = accepts;
    this.#policy = policy;
    this.#clock = clock;
    this.#tracing = tracing;
    this.#mayBeUntold = mayBeUntold(policy);
    this.#standstill = new Standstill(sweepMs, clock.monotonic());
  }

  /**
   * Starts waiting requests until `concurrency` handlers run.
   * @param nowMs of the monotonic clock, when it has just been read
   */
  startWaiting(nowMs?: number): void {
    // The clock is read once per request: when one ends the next one starts.
    let knownMs = nowMs;
    while (this.open && this.#inFlight.running < this.#policy.concurrency) {
      const held = this.#inFlight.start();
      if (held === undefined) return;
      knownMs = this.#start(held, knownMs ?? this.#clock.monotonic());
    }
  }

  /** Ends a request nobody shall run: it was delivered too often without ever being finished. */
  quarantine(held: Held): void {
    const nowMs = this.#clock.monotonic();
    held.startedMs = nowMs;
    const head = headOf(held.entry);
    if (refusalOf(head, this.#accepts)?.cause === 'ref') return this.#refuseWithoutRef(held, nowMs);
    held.ref = head.ref ?? '';
    const reason = `delivered ${
      held.deliveries - 1
    } times and never finished: it seems to end the process that runs it, or to keep it busy for ever`;
    this.#logOf(held).error(`the request is set aside: ${reason}`);
    this.#inFlight.finish(held, {
      dead: reason,
      answer: errorAnswer(replyCodes.failed, `the request was ${reason}`, this.#answerer(held, this.#clock.now())),
    }, nowMs);
  }

  /**
   * Answers 504 for every request whose time is over. Time in which the process stood still does not count: no handler
   * could run, and what they waited for may have come by now.
   */
  endOverdue(): void {
    const nowMs = this.#clock.monotonic();
    const stoodStillMs = this.#standstill.sweep(nowMs);
    if (stoodStillMs > 0) this.#allowFor(stoodStillMs, nowMs);
    const overdue = nowMs - this.#policy.timeoutSeconds * 1000;
    for (const held of this.#inFlight.runningNow()) {
      if (held.startedMs > overdue) continue;
      this.#settle(held, { kind: 'timedOut' });
      held.context?.abort(`the handler did not finish within ${this.#policy.timeoutSeconds} s`);
    }
    this.startWaiting();
  }

  #allowFor(stoodStillMs: number, nowMs: number): void {
    const running = this.#inFlight.runningNow();
    for (const held of running) held.startedMs = Math.min(nowMs, held.startedMs + stoodStillMs);
    this.#shared.logWith({}).warn(
      `the event loop stood still for ${
        Math.round(stoodStillMs / 100) / 10
      } s: the process was paused, or code ran that long without an await`,
      { running: running.map(({ ref }) => ref).slice(0, maxTold) },
    );
  }

  /** @returns when that was done, if the clock has been read since */
  #start(held: Held, nowMs: number): number | undefined {
    held.startedMs = nowMs;
    if (held.entry.fields.length === 0) { // deleted from the stream after it was delivered
      this.#inFlight.finish(held, {}, nowMs);
      return nowMs;
    }
    const head = headOf(held.entry);
    const refusal = refusalOf(head, this.#accepts);
    if (refusal?.cause === 'ref') {
      this.#refuseWithoutRef(held, nowMs);
      return nowMs;
    }
    held.ref = head.ref ?? '';
    if (refusal === undefined) return this.#run(held);
    // Workers that read each other's responses would answer each other for ever.
    const answer = isResponse(held.entry)
      ? {}
      : { answer: errorAnswer(replyCodes.badRequest, refusal.message, this.#answerer(held, this.#clock.now())) };
    this.#inFlight.finish(held, { refused: refusal.cause, ...answer }, nowMs);
    return nowMs;
  }

  /** Nobody can be answered, so the log is the only place that tells. */
  #refuseWithoutRef(held: Held, nowMs: number): void {
    this.#shared.logWith({ xid: held.entry.xid }).warn(
      'a request is skipped: its field "ref" is missing or cannot be the name of a reply; send one of 1 to 512 bytes without control characters',
    );
    this.#inFlight.finish(held, { refused: 'ref' }, nowMs);
  }

  /** A handler that returns no promise is done at once: nothing is kept for it that would outlive the call. */
  #run(held: Held): number | undefined {
    const context = new EntryContext(held.ref, held.entry, this.#shared);
    held.context = context;
    let promised: PromiseLike<unknown> | undefined;
    let ended: Ended = { kind: 'returned', value: undefined };
    try {
      const value = this.#tracing === undefined
        ? this.#handler(new EntryRequest(held.ref, held.entry), context)
        : this.#handleTraced(this.#tracing, held, context);
      if (isThenable(value)) promised = value;
      else ended = { kind: 'returned', value };
    } catch (error) {
      ended = { kind: 'threw', error };
    }
    if (promised === undefined) return this.#settle(held, ended);
    void this.#settleLater(held, promised);
    return undefined;
  }

  /** Apart from where requests are run: the closure would cost each of them that is not traced. */
  #handleTraced(tracing: Tracing, held: Held, context: EntryContext): unknown {
    return tracing.run(held, () => this.#handler(new EntryRequest(held.ref, held.entry), context));
  }

  async #settleLater(held: Held, promised: PromiseLike<unknown>): Promise<void> {
    let ended: Ended;
    try {
      ended = { kind: 'returned', value: await promised };
    } catch (error) {
      ended = { kind: 'threw', error };
    }
    this.startWaiting(this.#settle(held, ended));
  }

  /** @returns when that was; undefined when what came of it is too late, for it timed out or was given up before */
  #settle(held: Held, ended: Ended): number | undefined {
    if (held.state !== 'running') return undefined;
    held.context?.end();
    const nowMs = this.#clock.now();
    const monotonicMs = this.#monotonicAt(nowMs);
    const attempt = { attempt: held.entry.attempt, policy: this.#policyFor(held), nowMs, random: this.#clock.random() };
    this.meanMs += (monotonicMs - held.startedMs - this.meanMs) / 16;
    const outcome = decide(ended, this.#answerer(held, nowMs), attempt, this.#untoldOf(held));
    if (outcome.failed !== undefined) this.#tellFailure(held, outcome, ended, attempt);
    this.#tracing?.end(held, outcome);
    this.#inFlight.finish(held, outcome, monotonicMs);
    return monotonicMs;
  }

  /** The other clock takes longer to read, and many requests end within the same millisecond. */
  #monotonicAt(nowMs: number): number {
    if (nowMs !== this.#readAtMs) {
      this.#readAtMs = nowMs;
      this.#readMs = this.#clock.monotonic();
    }
    return this.#readMs;
  }

  /** Undefined where every answer is told, so that nothing is made for each of them. */
  #untoldOf({ entry }: Held): IsUntold | undefined {
    return this.#mayBeUntold ? (code) => isUntold(entry, code, this.#policy) : undefined;
  }

  #tellFailure(held: Held, outcome: Outcome, ended: Ended, attempt: Attempt): void {
    const tell = () => this.#logFailure(held, outcome, ended, attempt);
    if (this.#tracing === undefined) tell();
    else this.#tracing.within(held, tell);
  }

  #logFailure(held: Held, { failed, retryAt }: Outcome, ended: Ended, { policy, nowMs }: Attempt): void {
    const stack = ended.kind === 'threw' ? stackOf(ended.error) : undefined;
    const fields = { id: held.entry.xid, reason: failed, ...(stack === undefined ? {} : { stack }) };
    const log = this.#logOf(held);
    if (retryAt === undefined) {
      return log.error('the request failed for good: it is answered and goes to the dead-letter stream', fields);
    }
    log.warn(
      `attempt ${held.entry.attempt} of ${policy.maxAttempts} failed, the next one is due in ${retryAt - nowMs} ms`,
      fields,
    );
  }

  #logOf({ ref, entry: { attempt } }: Held): Logger {
    return this.#shared.logWith({ ref, attempt });
  }

  /** A request that no script could move back into the stream is tried once. */
  #policyFor({ entry }: Held): HandlerSettings {
    return entry.fields.length / 2 > maxMovedFields ? { ...this.#policy, maxAttempts: 1 } : this.#policy;
  }

  #answerer(held: Held, nowMs: number): Answerer {
    return { ref: held.ref, source: this.#accepts.type, time: isoTime(nowMs) };
  }
}

/** References told of the requests that ran during a standstill. */
const maxTold = 20;

/** A `then` that cannot be read is no promise; writing such a result as JSON will tell. */
function isThenable(value: unknown): value is PromiseLike<unknown> {
  if (typeof value !== 'object' || value === null) return false;
  try {
    return 'then' in value && typeof value.then === 'function';
  } catch {
    return false;
  }
}
