/** The controller loop: takes keys from a queue, reconciles them, and decides when each is due again. */
import type { Clock } from '../clock.ts';
import { TerminalError, TransientError } from '../errors.ts';
import type { Priority, WorkQueue } from './work-queue.ts';

/** How a reconcile ended well: nothing to wait for, or something that no event will tell. */
export type Outcome =
  | { readonly kind: 'settled' }
  | { readonly kind: 'recheck'; readonly afterMs: number; readonly why: string };

/** What the controller logs with. */
export interface ControllerLog {
  debug(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Result of one reconcile, as metrics name it. */
export type ReconcileResult = 'success' | 'requeue_after' | 'error' | 'terminal_error';

/** Told about every reconcile. */
export interface ControllerMeter {
  reconciled(result: ReconcileResult, seconds: number): void;
}

/** What a controller is made of. */
export interface ControllerOptions {
  readonly name: string;
  readonly queue: WorkQueue;
  /** Brings the thing the key names closer to what it should be; `signal` aborts when the controller stops. */
  readonly reconcile: (key: string, signal: AbortSignal) => Promise<Outcome>;
  /** Keys that are reconciled at once. */
  readonly concurrency: number;
  /** Keys of high priority that are reconciled beside them, however busy those are [0]. */
  readonly urgentConcurrency?: number;
  readonly clock: Clock;
  readonly log: ControllerLog;
  readonly metrics: ControllerMeter;
}

/** A controller at work. */
export interface Controller {
  /** Shuts the queue down, aborts what runs and settles when the last reconcile has returned. */
  stop(): Promise<void>;
}

/** Starts the loops. Errors of a reconcile delay its own key alone. */
export function startController(options: ControllerOptions): Controller {
  const stopping = new AbortController();
  const { concurrency, urgentConcurrency = 0 } = options;
  const loops = [
    ...Array.from({ length: concurrency }, () => work(options, 'low', stopping.signal)),
    ...Array.from({ length: urgentConcurrency }, () => work(options, 'high', stopping.signal)),
  ];
  return {
    async stop() {
      const drained = options.queue.shutDown();
      stopping.abort();
      await drained;
      await Promise.all(loops);
    },
  };
}

async function work(options: ControllerOptions, least: Priority, signal: AbortSignal): Promise<void> {
  for (;;) {
    const key = await options.queue.get(least);
    if (key === undefined) return;
    await reconcileOne(options, key, signal);
    options.queue.done(key);
  }
}

async function reconcileOne(options: ControllerOptions, key: string, signal: AbortSignal): Promise<void> {
  const { clock, metrics } = options;
  const begin = clock.now();
  const told = (result: ReconcileResult): void => metrics.reconciled(result, (clock.now() - begin) / 1000);
  try {
    const outcome = await options.reconcile(key, signal);
    told(outcome.kind === 'settled' ? 'success' : 'requeue_after');
    succeeded(options, key, outcome);
  } catch (error) {
    if (signal.aborted) return; // broken off by the stop; the next start begins it again
    told(error instanceof TerminalError ? 'terminal_error' : 'error');
    failed(options, key, error);
  }
}

function succeeded({ queue, log, name }: ControllerOptions, key: string, outcome: Outcome): void {
  queue.forget(key);
  if (outcome.kind === 'settled') return;
  log.debug({ controller: name, object: key, afterMs: outcome.afterMs, why: outcome.why }, 'looks again later');
  queue.addAfter(key, outcome.afterMs);
}

function failed({ queue, log, name }: ControllerOptions, key: string, error: unknown): void {
  const fields = { controller: name, object: key, ...described(error) };
  if (error instanceof TerminalError) {
    queue.forget(key);
    log.warn(fields, 'cannot be reconciled until it is changed');
    return;
  }
  const retryInMs = Math.round(queue.retry(key, askedPause(error)));
  const failures = queue.failures(key);
  if (isExpected(error)) log.warn({ ...fields, failures, retryInMs }, 'reconcile failed');
  else log.error({ ...fields, failures, retryInMs, err: error }, 'reconcile failed with a bug');
}

/** Failures of the world outside; what is not among them is a fault of this program. */
function isExpected(error: unknown): boolean {
  return error instanceof TransientError || (error instanceof Error && error.name === 'ClusterError');
}

/** The pause a server asked for, in ms. */
function askedPause(error: unknown): number {
  if (!(error instanceof Error) || !('retryAfterMs' in error)) return 0;
  return typeof error.retryAfterMs === 'number' ? error.retryAfterMs : 0;
}

function described(error: unknown): { reason: string; error: string } {
  if (!(error instanceof Error)) return { reason: 'Unknown', error: String(error) };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  const reason = 'reason' in error && typeof error.reason === 'string' ? error.reason : undefined;
  return { reason: code ?? reason ?? error.name, error: error.message };
}
