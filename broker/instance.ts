/** One module that runs: its worker, the calls to it and those of its own, and what ends it. The worker is who it is. */
import { BrokerError } from './broker-error.ts';
import {
  type CallMessage,
  envelope,
  type Message,
  openEnvelope,
  type OutcomeMessage,
  type Packed,
  type PulseMessage,
} from './messages.ts';
import { pack, unpack } from './marshal.ts';
import { ModuleProcess } from './module-process.ts';
import { PendingCalls, type Waiting } from './pending.ts';
import { Streams } from './streams.ts';
import { post, transferables } from './transfer.ts';
import type { CallOptions, ModuleSettings, WorkerCounts } from './types.ts';

type Timer = ReturnType<typeof setTimeout>;

/** Milliseconds a worker that has not said anything yet has to show it is alive. */
const startMs = 20_000;
/** Milliseconds between two looks whether a worker that is to go has ended its calls. */
const retireLookMs = 50;

/** A call to a module. */
export interface CallRequest {
  /** The module's URL, its hash included. */
  readonly target: string;
  readonly functionName: string | undefined;
  /** Who calls; absent for the program itself. */
  readonly source?: { readonly module: string; readonly segregationId: string | undefined };
  readonly context?: unknown;
  /** Takes the arguments apart, when their turn has come. */
  pack(streams: Streams): Packed;
}

/** What an instance tells its broker. */
export interface InstanceHooks {
  /** The module calls another one. */
  route(from: Instance, call: CallMessage): void;
  /** It is over, once. */
  ended(instance: Instance): void;
}

export interface InstanceIdentity {
  readonly key: string;
  readonly module: URL;
  readonly segregationId: string | undefined;
}

export class Instance {
  readonly identity: InstanceIdentity;
  readonly worker: Worker;
  readonly settings: ModuleSettings;
  readonly streams: Streams;
  /** Calls of the module to others, by its own numbers, with what gives each up. */
  readonly outgoing = new Map<number, (reason: unknown) => void>();
  /** What it takes, as it said last. */
  memory: PulseMessage['memory'];
  readonly #hooks: InstanceHooks;
  readonly #pending: PendingCalls;
  /** Calls the module has been sent and has not answered. */
  readonly #sent = new Set<number>();
  readonly #queue: { readonly id: number; readonly request: CallRequest }[] = [];
  #end: { readonly reason: unknown } | undefined;
  #isAlive = false;
  #pulse: Timer | undefined;
  #idle: Timer | undefined;
  #lastUsed = performance.now();

  constructor(identity: InstanceIdentity, worker: Worker, settings: ModuleSettings, hooks: InstanceHooks) {
    this.identity = identity;
    this.worker = worker;
    this.settings = settings;
    this.#hooks = hooks;
    this.#pending = new PendingCalls((id, reason) => this.#giveUp(id, reason));
    this.streams = new Streams({
      post: (message) => this.post(message),
      pack: (reason) => packReason(reason, this.streams),
      unpack: (packed) => unpack(packed, this.streams)[0],
    });
    worker.addEventListener('message', ({ data }) => this.#handle(openEnvelope(data)));
    worker.addEventListener('error', (event) => {
      event.preventDefault(); // or it ends this process
      const { error, message } = event;
      this.end(new BrokerError('Crashed', `${this.name} ended: ${message}`, error ? { cause: error } : {}));
    });
    worker.addEventListener('messageerror', () => {
      this.end(new BrokerError('Crashed', `${this.name} posted what cannot be read`));
    });
    if (settings.idleMs !== undefined) this.#watchIdle(settings.idleMs);
  }

  get name(): string {
    const { module, segregationId } = this.identity;
    return segregationId === undefined ? module.href : `${module.href} of ${segregationId}`;
  }

  get counts(): WorkerCounts {
    return { calls: this.#pending.ended, errors: this.#pending.failed };
  }

  /** Why it is over; undefined while it is not. */
  get endedFor(): unknown {
    return this.#end?.reason;
  }

  /** Asks what it takes. */
  measure(): void {
    if (this.#isAlive) this.post({ kind: 'ping' });
  }

  /** Ends once nothing of it is under way, or the time is up. @param isCalledDirectly of which nothing is seen here */
  retire(withinMs: number, isCalledDirectly = false): void {
    clearTimeout(this.#idle);
    const until = performance.now() + withinMs;
    const look = () => {
      const isOver = (!this.isBusy && !isCalledDirectly) || performance.now() >= until;
      if (isOver) this.end(new BrokerError('Removed', `a newer worker took the place of ${this.name}`));
      else this.#idle = setTimeout(look, retireLookMs);
    };
    this.#idle = setTimeout(look, 0);
  }

  get isBusy(): boolean {
    return this.#sent.size + this.#queue.length + this.outgoing.size + this.streams.size > 0;
  }

  /** @returns what gives the call up; undefined when it has failed already */
  call(request: CallRequest, waiting: Waiting, options: CallOptions): ((reason: unknown) => void) | undefined {
    this.#lastUsed = performance.now();
    if (this.#end !== undefined) return void waiting.fail(this.#end.reason);
    const { concurrency = 1024, waiting: mostWaiting = 10_000 } = this.settings;
    const hasRoom = this.#sent.size < concurrency;
    if (!hasRoom && this.#queue.length >= mostWaiting) {
      return void waiting.fail(new BrokerError('Overloaded', `${mostWaiting} calls wait for ${this.name}`));
    }
    const { signal, timeoutMs = this.settings.timeoutMs } = options;
    const bounds = { ...(signal && { signal }), ...(timeoutMs !== undefined && { timeoutMs }) };
    const id = this.#pending.add(waiting, bounds, () => `${request.functionName ?? 'import'}() of ${this.name}`);
    if (id === undefined) return undefined;
    if (hasRoom) this.#send(id, request);
    else this.#queue.push({ id, request });
    return (reason) => {
      this.#pending.fail(id, reason);
      this.#giveUp(id, reason);
    };
  }

  #send(id: number, { target, functionName, source, context, pack }: CallRequest): void {
    const { segregationId } = this.identity;
    try {
      const packed = pack(this.streams);
      this.post({
        kind: 'call',
        id,
        target,
        ...packed,
        ...(functionName !== undefined && { functionName }),
        ...(segregationId !== undefined && { segregationId }),
        ...(source !== undefined && { source: source.module }),
        ...(source?.segregationId !== undefined && { sourceSegregationId: source.segregationId }),
        ...(context !== undefined && { context }),
      }, transferables(packed.values));
      this.#sent.add(id);
    } catch (error) {
      this.#pending.fail(id, error);
    }
  }

  /** @throws what cannot be cloned */
  post(message: Message, transfer: Transferable[] = []): void {
    if (this.#end === undefined) post(this.worker, envelope(message), transfer);
  }

  /** Answers a call of the module's. */
  answer(outcome: OutcomeMessage): void {
    if (!this.outgoing.delete(outcome.id)) return;
    try {
      this.post(outcome, transferables(outcome.values));
    } catch (error) {
      this.post({ kind: 'error', id: outcome.id, ...packReason(error, this.streams) });
    }
  }

  fail(id: number, reason: unknown): void {
    this.answer({ kind: 'error', id, ...packReason(reason, this.streams) });
  }

  /** Settles when nothing of it is left. */
  get gone(): Promise<unknown> {
    return this.worker instanceof ModuleProcess ? this.worker.gone : Promise.resolve();
  }

  /** Ends the module and whatever waits for it. */
  end(reason: unknown): void {
    if (this.#end !== undefined) return;
    this.#end = { reason };
    clearTimeout(this.#pulse);
    clearTimeout(this.#idle);
    if (this.worker instanceof ModuleProcess && !this.isBusy) this.worker.leave();
    else this.worker.terminate();
    this.#hooks.ended(this);
    this.#pending.failAll(reason);
    this.streams.end(reason);
    for (const giveUp of this.outgoing.values()) giveUp(reason);
    this.outgoing.clear();
  }

  #handle(message: Message | undefined): void {
    if (message === undefined || this.#end !== undefined) return;
    const isFirst = !this.#isAlive;
    this.#isAlive = true;
    switch (message.kind) {
      case 'result':
      case 'error':
        return this.#answered(message);
      case 'call':
        return this.#hooks.route(this, message);
      case 'cancel':
        return this.outgoing.get(message.id)?.(unpack(message, this.streams)[0]);
      case 'ping':
        return this.post({ kind: 'pong' });
      case 'link':
      case 'unlink':
        return; // these are the broker's to say
      case 'pong':
        this.memory = message.memory ?? this.memory;
        return this.#felt(isFirst);
      default:
        this.streams.handle(message);
    }
  }

  #answered(outcome: OutcomeMessage): void {
    if (!this.#sent.delete(outcome.id)) return;
    if (!this.#pending.settle(outcome)) this.#discard(outcome);
    this.#lastUsed = performance.now();
    const { concurrency = 1024 } = this.settings;
    while (this.#queue.length > 0 && this.#sent.size < concurrency) {
      const next = this.#queue.shift();
      if (next !== undefined && this.#pending.has(next.id)) this.#send(next.id, next.request);
    }
  }

  /** What nobody waits for any more is not sent in vain. */
  #discard(outcome: OutcomeMessage): void {
    for (const value of unpack(outcome, this.streams)) {
      const body = value instanceof Response ? value.body : value;
      if (body instanceof ReadableStream) void body.cancel().catch(() => undefined);
    }
  }

  /** Tells the module that nobody waits for a call; it has to show that it is alive, since it may be in a loop. */
  #giveUp(id: number, reason: unknown): void {
    if (!this.#sent.has(id) || this.#end !== undefined) return;
    this.post({ kind: 'cancel', id, ...packReason(reason, this.streams) });
    if (this.#pulse !== undefined) return;
    this.#awaitPulse();
    this.post({ kind: 'ping' });
  }

  #awaitPulse(): void {
    const { graceMs = 1000 } = this.settings;
    this.#pulse = setTimeout(
      () => this.end(new BrokerError('Crashed', `${this.name} was ended: it did not answer within ${graceMs} ms`)),
      this.#isAlive ? graceMs : Math.max(graceMs, startMs),
    );
  }

  /** @param isFirst it has only started, and has still to answer what it was asked meanwhile */
  #felt(isFirst: boolean): void {
    const wasAsked = this.#pulse !== undefined;
    clearTimeout(this.#pulse);
    this.#pulse = undefined;
    if (isFirst && wasAsked) this.#awaitPulse();
  }

  #watchIdle(idleMs: number): void {
    const left = this.isBusy ? idleMs : this.#lastUsed + idleMs - performance.now();
    if (left <= 0) return this.end(new BrokerError('Removed', `${this.name} was not called for ${idleMs} ms`));
    const idle = setTimeout(() => this.#watchIdle(idleMs), left);
    Deno.unrefTimer(idle);
    this.#idle = idle;
  }
}

/** A reason can always be told: in words, when it cannot be cloned. */
export function packReason(reason: unknown, streams: Streams): Packed {
  const packed = pack([reason], streams);
  if (packed.marks !== undefined) return packed;
  try {
    return { values: structuredClone(packed.values) };
  } catch {
    return pack([new Error(`it cannot be cloned: ${typeof reason}`)], streams);
  }
}
