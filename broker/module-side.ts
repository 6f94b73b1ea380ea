/** The side of the module: imports it, runs the calls to its functions, and makes those it makes to others. */
import { BrokerError } from './broker-error.ts';
import { debug } from './debug.ts';
import { pack, unpack } from './marshal.ts';
import { CalledLink, CallingLink } from './link.ts';
import type {
  CallMessage,
  CancelMessage,
  LinkMessage,
  Message,
  OutcomeMessage,
  PulseMessage,
  UnlinkMessage,
} from './messages.ts';
import { PendingCalls } from './pending.ts';
import { RunningCall } from './running-call.ts';
import { type Target, targetOf } from './specifier.ts';
import { Streams } from './streams.ts';
import { getTelemetry } from './telemetry.ts';
import { transferables } from './transfer.ts';
import type { CallOptions, Fn, TelemetryTools, WorkerCallOptions, WorkerSpecifier } from './types.ts';

const { memoryUsage } = Deno; // a module may put another in its place

type Namespace = Readonly<Record<string, unknown>>;

/** One for a thread or process, however many modules it was given. */
export class ModuleSide {
  readonly #send: (message: Message, transfer: Transferable[]) => void;
  readonly #advice: WorkerCallOptions;
  readonly #imports = new Map<string, Promise<Namespace>>();
  readonly #running = new Map<number, RunningCall>();
  readonly #pending = new PendingCalls((id, reason) => this.#send({ kind: 'cancel', id, ...this.#pack([reason]) }, []));
  readonly #streams: Streams;
  /** Channels to and from other modules, by the broker's number, and those to call by, by whom they lead to. */
  readonly #links = new Map<number, CallingLink | CalledLink>();
  readonly #direct = new Map<string, CallingLink>();
  /** Calls that went through the broker and have not ended: none may overtake them. */
  readonly #relayed = new Map<string, number>();
  #initial: Promise<void> | undefined;
  #module: string | undefined;

  /** @param send posts to the broker; throws what cannot be cloned */
  constructor(send: (message: Message, transfer: Transferable[]) => void, advice: WorkerCallOptions) {
    this.#send = send;
    this.#advice = advice;
    this.#streams = new Streams({
      post: (message) => this.#send(message, []),
      pack: (reason) => this.#pack([reason]),
      unpack: (packed) => unpack(packed, this.#streams)[0],
    });
  }

  /** The module the worker was made for, which relative specifiers are resolved against. */
  get module(): string | undefined {
    return this.#module;
  }

  handle(message: Message, ports: readonly MessagePort[] = []): void {
    switch (message.kind) {
      case 'call':
        this.#module ??= message.target;
        return void this.#answer(message);
      case 'result':
      case 'error':
        return void this.#pending.settle(message);
      case 'cancel':
        return this.#cancel(message);
      case 'ping':
        return this.#send({ kind: 'pong', memory: memoryTaken() }, []);
      case 'pong':
        return;
      case 'link':
        return this.#linked(message, ports[0]);
      case 'unlink':
        return this.#unlinked(message);
      default:
        this.#streams.handle(message);
    }
  }

  resolve(worker: WorkerSpecifier): Target {
    return targetOf(worker, this.#module);
  }

  /** Calls a function of another module through the broker. */
  call(
    { href, segregationId, usualKey }: Target,
    functionName: string,
    args: readonly unknown[],
    { signal, timeoutMs }: CallOptions,
  ): Promise<unknown> {
    const direct = this.#direct.get(usualKey);
    const isBounded = signal !== undefined || timeoutMs !== undefined;
    if (direct !== undefined && !isBounded && !this.#relayed.has(usualKey)) return direct.call(functionName, args);
    const under = this.#relayed.get(usualKey) ?? 0;
    this.#relayed.set(usualKey, under + 1);
    const over = () => {
      const left = (this.#relayed.get(usualKey) ?? 1) - 1;
      if (left === 0) this.#relayed.delete(usualKey);
      else this.#relayed.set(usualKey, left);
    };
    return new Promise((resolve, reject) => {
      const id = this.#pending.add(
        {
          settle: (outcome) => {
            over();
            this.#settled(outcome, resolve, reject);
          },
          fail: (reason) => {
            over();
            reject(reason as Error);
          },
        },
        { ...(signal === undefined ? {} : { signal }), ...(timeoutMs === undefined ? {} : { timeoutMs }) },
        () => `${functionName}() of ${href}`,
      );
      if (id === undefined) return;
      const context: unknown = getTelemetry()?.marshalContext();
      try {
        const packed = pack(args, this.#streams);
        this.#send({
          kind: 'call',
          id,
          target: href,
          functionName,
          ...packed,
          ...(segregationId === undefined ? {} : { segregationId }),
          ...(timeoutMs === undefined ? {} : { timeoutMs }),
          ...(context === undefined ? {} : { context }),
        }, transferables(packed.values));
      } catch (error) {
        this.#pending.fail(id, error);
      }
    });
  }

  #settled(outcome: OutcomeMessage, resolve: (value: unknown) => void, reject: (reason: unknown) => void): void {
    try {
      const [value] = unpack(outcome, this.#streams);
      if (outcome.kind === 'result') resolve(value);
      else reject(value);
    } catch (error) {
      reject(error);
    }
  }

  #linked({ link, role, target, segregationId, source, sourceSegregationId }: LinkMessage, port?: MessagePort): void {
    if (port === undefined) return;
    const packReason = (reason: unknown, streams: Streams) => this.#pack([reason], streams);
    if (role === 'calling') {
      const calling = new CallingLink(port, packReason, this.#module ?? '');
      this.#links.set(link, calling);
      this.#direct.set(targetOf([target, segregationId]).usualKey, calling);
      return;
    }
    const fixed = {
      target,
      ...(segregationId === undefined ? {} : { segregationId }),
      ...(source === undefined ? {} : { source }),
      ...(sourceSegregationId === undefined ? {} : { sourceSegregationId }),
    };
    const called = new CalledLink(port, packReason, fixed, (message, from) => void this.#answerDirectly(message, from));
    this.#links.set(link, called);
  }

  #unlinked({ link, values, marks }: UnlinkMessage): void {
    const known = this.#links.get(link);
    for (const [key, direct] of this.#direct) if (direct === known) this.#direct.delete(key);
    if (values === undefined) return;
    this.#links.delete(link);
    known?.close(unpack({ values, ...(marks && { marks }) }, this.#streams)[0]);
  }

  async #answerDirectly(message: CallMessage, link: CalledLink): Promise<void> {
    const { id } = message;
    let outcome: OutcomeMessage;
    try {
      const value = await this.#importAndCall(new RunningCall(message, unpack(message, link.streams)));
      outcome = { kind: 'result', id, ...pack([value], link.streams) };
    } catch (error) {
      outcome = { kind: 'error', id, ...this.#pack([error], link.streams) };
    }
    try {
      link.post(outcome, transferables(outcome.values));
    } catch (error) {
      link.post({ kind: 'error', id, ...this.#pack([error], link.streams) });
    }
  }

  #cancel(message: CancelMessage): void {
    this.#running.get(message.id)?.abort(unpack(message, this.#streams)[0]);
  }

  async #answer(message: CallMessage): Promise<void> {
    const { id } = message;
    debug('the module is called', message.functionName, message.target);
    let packed;
    try {
      const value = await this.#run(message);
      packed = { kind: 'result' as const, id, ...pack([value], this.#streams) };
    } catch (error) {
      packed = { kind: 'error' as const, id, ...this.#pack([error]) };
    }
    this.#running.delete(id);
    try {
      this.#send(packed, transferables(packed.values));
    } catch (error) {
      this.#send({ kind: 'error', id, ...this.#pack([error]) }, []);
    }
  }

  async #run(message: CallMessage): Promise<unknown> {
    const call = new RunningCall(message, unpack(message, this.#streams));
    this.#running.set(message.id, call);
    const telemetry = getTelemetry();
    if (telemetry === undefined) return await this.#importAndCall(call);
    return await telemetry.msgSpan('onmessage', call, () => this.#importAndCall(call));
  }

  async #importAndCall(call: RunningCall): Promise<unknown> {
    if (this.#advice.initialCall !== undefined) await (this.#initial ??= this.#first(call));
    const telemetry = getTelemetry();
    const load = () => this.#import(call.targetModule);
    const namespace =
      await (telemetry === undefined || this.#imports.has(call.targetModule)
        ? load()
        : telemetry.msgSpan('import', call, load));
    const { functionName } = call;
    if (functionName === undefined) return undefined;
    const run = (_tools?: TelemetryTools) => this.#call(functionOf(namespace, functionName, call.targetModule), call);
    return await (telemetry === undefined ? run() : telemetry.msgSpan('call', call, run));
  }

  async #first(call: RunningCall): Promise<void> {
    await this.#advice.initialCall?.(call);
  }

  async #call(fn: Fn, call: RunningCall): Promise<unknown> {
    const { beforeCall, afterCall } = this.#advice;
    call.throwIfAborted(); // what nobody waits for is not begun
    if (beforeCall === undefined && afterCall === undefined) return await fn.apply(call, call.args);
    try {
      await beforeCall?.(call);
      return await fn.apply(call, call.args);
    } finally {
      await afterCall?.(call);
    }
  }

  #import(href: string): Promise<Namespace> {
    let imported = this.#imports.get(href);
    if (imported === undefined) {
      imported = import(href) as Promise<Namespace>;
      this.#imports.set(href, imported);
      imported.catch(() => this.#imports.delete(href)); // the next call tries again
    }
    return imported;
  }

  /** What is thrown is told in any case; in words when it cannot be cloned. */
  #pack(reasons: readonly unknown[], streams: Streams = this.#streams): ReturnType<typeof pack> {
    try {
      const packed = pack(reasons, streams);
      if (packed.marks === undefined) structuredClone(packed.values);
      return packed;
    } catch {
      return pack(
        reasons.map((reason) => new Error(`what was thrown cannot be cloned: ${told(reason)}`)),
        streams,
      );
    }
  }
}

/** @throws BrokerError when the module has no such function of its own */
function functionOf(namespace: Namespace, name: string, href: string): Fn {
  const found = Object.hasOwn(namespace, name) ? namespace[name] : undefined;
  if (typeof found === 'function') return found as Fn;
  throw new BrokerError('FunctionNotFound', `Function not found: ${name}() in ${href}`);
}

function memoryTaken(): NonNullable<PulseMessage['memory']> {
  const { rss, heapTotal, external } = memoryUsage();
  return { process: rss, thread: heapTotal + external };
}

function told(value: unknown): string {
  try {
    return String(value);
  } catch {
    return typeof value;
  }
}
