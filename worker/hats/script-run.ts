/** A script that is held and runs here: its calls, its lease, and the ways it ends. */
import type { ScriptFailure } from '../../contract/hats.ts';
import { after, type Timer } from '../pod/timers.ts';
import { BoundedLog } from './bounded-log.ts';
import { carryOut } from './calls.ts';
import type { Host } from './host.ts';
import type { Standing } from './store.ts';
import type { ScriptCommand } from './vm/commands.ts';
import type { Operation, Surroundings } from './vm/messages.ts';
import { ending, type Outcome, type Tenant, type VmProcess } from './vm-process.ts';

/** Milliseconds a script that was disabled or stopped may take to end by itself. */
const patienceMs = 1000;
/** Milliseconds a script may work without asking for anything: longer than that it is stuck. */
export const sliceMs = 60_000;
/** Told what a script logs. */
export type Listener = (level: 'info' | 'warn' | 'error', text: string) => void;

/** What is held, and by which fence. */
export interface Holding {
  readonly key: string;
  /** Name of the script without what its key begins with. */
  readonly name: string;
  readonly fence: string;
  readonly deadMs: number;
}

/** Why a script is to end: it ends well, or it is somebody else's. */
type Leaving = 'asked' | 'lost';

/** One script in its process. */
export class ScriptRun implements Tenant {
  readonly holding: Holding;
  protected readonly host: Host;
  readonly #kind: 'thread' | 'job';
  readonly #log: BoundedLog;
  readonly #stop = new AbortController();
  #process: VmProcess | undefined;
  #leaving: Leaving | undefined;
  #lastHeld: number;
  #patience: Timer | undefined;
  /** Since when the script works by itself; undefined while it waits for an answer or has nothing to do. */
  #worksSince: number | undefined;
  #outOfTime = false;
  /** Somebody asked for this run and is told what it logs; it goes on though the script is disabled. */
  listener: Listener | undefined;
  #isOver = false;

  constructor(host: Host, holding: Holding, kind: 'thread' | 'job') {
    this.host = host;
    this.holding = holding;
    this.#kind = kind;
    this.#log = new BoundedLog(host.logWith({ [kind]: holding.name }), host.monotonic);
    this.#lastHeld = host.monotonic();
  }

  /** Aborted once the script is to end. */
  get stopping(): AbortSignal {
    return this.#stop.signal;
  }

  /** Whether it is nobody's business here any more. */
  get isLost(): boolean {
    return this.#leaving === 'lost';
  }

  /** Whether it has run to its end: there is no more life to give a sign of. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Milliseconds between two signs of life. */
  get beatMs(): number {
    return Math.min(2000, Math.max(250, this.holding.deadMs / 4));
  }

  /** What the last look at the hash said. */
  heard(standing: Standing): void {
    if (standing === 'lost') this.lose();
    else {
      this.#lastHeld = this.host.monotonic();
      if (standing === 'disabled' && this.listener === undefined) this.leave();
    }
  }

  /** Without an answer from Redis for so long, others may have it: it ends before they do. */
  checkLease(): void {
    if (this.host.monotonic() - this.#lastHeld > this.holding.deadMs - leaseMarginMs) this.lose();
  }

  /** Ends a script that has been busy with itself for too long. */
  checkSlice(): void {
    if (this.#worksSince === undefined || this.host.monotonic() - this.#worksSince < sliceMs) return;
    this.#outOfTime = true;
    this.#process?.kill();
  }

  /** Has the script end, well if it does so soon. */
  leave(withinMs = patienceMs): void {
    if (this.#leaving !== undefined) return;
    this.#leaving = 'asked';
    this.#stop.abort();
    this.#patience = after(withinMs, () => this.#process?.kill());
  }

  /** Ends the script at once, whatever it does: somebody else has it, or may have. */
  lose(): void {
    this.#leaving = 'lost';
    this.#stop.abort();
    this.#process?.kill();
  }

  /** Carries out one order in its process. */
  protected async order(process: VmProcess, order: Parameters<VmProcess['run']>[0]): Promise<Outcome> {
    this.#process = process;
    if (this.isLost) process.kill();
    this.#worksSince = this.host.monotonic();
    const outcome = await process.run(order, this);
    this.#worksSince = undefined;
    if (outcome.kind === 'gone' && this.#outOfTime) {
      return { kind: 'gone', why: `Error: the script worked for ${sliceMs / 1000} s without a call` };
    }
    return outcome;
  }

  /** What an outcome says of a script that was not told to end: undefined when it ended well. */
  protected failureOf(outcome: Outcome): ScriptFailure | undefined {
    if (outcome.kind === 'done' || this.stopping.aborted) return undefined;
    return outcome.kind === 'failed' ? outcome.failure : { error: outcome.why };
  }

  /** Nothing is waited for any more. */
  protected over(): void {
    this.#isOver = true;
    this.#patience?.cancel();
  }

  protected around(): Surroundings {
    const { name, cluster } = this.host.store.member;
    return { self: this.#kind, key: this.holding.key, worker: { Name: name, Cluster: cluster } };
  }

  log(level: 'info' | 'warn' | 'error', text: string): void {
    this.listener?.(level, text);
    this.#log.write(level, text);
  }

  answer(operation: Operation, args: readonly unknown[]): Promise<unknown> {
    return this.#whileItWaits(() => this.#carryOut(operation, args));
  }

  redis(command: ScriptCommand): Promise<unknown> {
    return this.#whileItWaits(() => this.host.redis.run(command, this.stopping));
  }

  async #whileItWaits(ask: () => Promise<unknown>): Promise<unknown> {
    this.#worksSince = undefined;
    this.checkLease();
    const value = this.isLost ? ending : await ask();
    this.#worksSince = this.host.monotonic();
    return this.isLost ? ending : value;
  }

  async #carryOut(operation: Operation, args: readonly unknown[]): Promise<unknown> {
    const { key, fence } = this.holding;
    const { store } = this.host;
    switch (operation) {
      case 'state':
        return store.field(key, 'State');
      case 'status':
        return store.field(key, 'Status');
      case 'disable':
        await store.disable(key, fence);
        return this.leave();
      case 'stop':
        return this.leave();
      default:
        return await carryOut(this.host, operation, args, {
          key,
          until: this.stopping,
          log: (level, text) => this.log(level, text),
        });
    }
  }
}

/** A script ends this much before others may take it, in milliseconds. */
const leaseMarginMs = 150;
