/** The script of an endpoint while it answers one request: its calls, and the ways it ends. */
import type { BoundedLog } from '../bounded-log.ts';
import { carryOut, type OfHolder } from '../calls.ts';
import type { Host } from '../host.ts';
import type { ScriptCommand } from '../vm/commands.ts';
import type { Operation, RequestSeen } from '../vm/messages.ts';
import { after } from '../../pod/timers.ts';
import { ending, type Outcome, type Tenant } from '../vm-process.ts';
import type { VmPool } from '../vm-pool.ts';
import { partsOf } from './template.ts';

/** Milliseconds a script may take for an answer, its calls included. */
export const timeoutMs = 30_000;

/** Characters of an answer. */
const mostWritten = 4 * 1024 * 1024;

/** What an endpoint runs in. */
export interface Running {
  readonly host: Host;
  readonly pool: VmPool;
  /** Key of the endpoint. */
  readonly key: string;
  readonly log: BoundedLog;
  /** Aborted once the worker is to end: what runs is told, and finishes. */
  readonly stopping: AbortSignal;
}

/** How a request came out: answered, failed, taking too long, or nobody waits for it any more. */
export type Answered =
  | Outcome
  | { readonly kind: 'late' }
  | { readonly kind: 'left' };

/** One request. */
export class EndpointRun implements Tenant {
  readonly #running: Running;
  readonly #over = new AbortController();
  #why: 'late' | 'left' | undefined;

  constructor(running: Running) {
    this.#running = running;
  }

  /** Runs the parts of a source one after the other. @param left aborted once nobody waits for the answer */
  async run(source: string, request: RequestSeen, left: AbortSignal): Promise<Answered> {
    const { host, pool } = this.#running;
    const end = (why: 'late' | 'left'): void => {
      this.#why ??= why;
      this.#over.abort();
    };
    const leave = (): void => end('left');
    left.addEventListener('abort', leave, { once: true });
    const patience = after(timeoutMs, () => end('late'));
    const process = await pool.idle();
    const kill = (): void => process.kill();
    this.#over.signal.addEventListener('abort', kill, { once: true });
    try {
      if (this.#over.signal.aborted || left.aborted) return { kind: this.#why ?? 'left' };
      const { name: Name, cluster: Cluster } = host.store.member;
      const around = { worker: { Name, Cluster }, request, mostWritten };
      const outcome = await process.run({ do: 'answer', parts: partsOf(source), around }, this);
      return this.#why ? { kind: this.#why } : outcome;
    } finally {
      patience.cancel();
      left.removeEventListener('abort', leave);
      this.#over.signal.removeEventListener('abort', kill);
      pool.takeBack(process);
    }
  }

  answer(operation: Operation, args: readonly unknown[]): Promise<unknown> {
    return this.#whileItLasts(() => this.#carryOut(operation, args));
  }

  redis(command: ScriptCommand): Promise<unknown> {
    return this.#whileItLasts(() => this.#running.host.redis.run(command, this.#over.signal));
  }

  async #whileItLasts(ask: () => Promise<unknown>): Promise<unknown> {
    if (this.#over.signal.aborted) return ending;
    const value = await ask();
    return this.#over.signal.aborted ? ending : value;
  }

  async #carryOut(operation: Operation, args: readonly unknown[]): Promise<unknown> {
    if (operation === 'stopping') return this.#running.stopping.aborted;
    if (isOfHolder(operation)) return undefined;
    return await carryOut(this.#running.host, operation, args, {
      key: this.#running.key,
      until: this.#over.signal,
      log: (level, text) => this.log(level, text),
    });
  }

  log(level: 'info' | 'warn' | 'error', text: string): void {
    this.#running.log.write(level, text);
  }
}

function isOfHolder(operation: Operation): operation is OfHolder {
  return ['state', 'status', 'disable', 'stop'].includes(operation);
}
