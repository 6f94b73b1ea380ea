/** Sessions one after another, and the scripts that run meanwhile, until the process is to end. */
import { FatalError } from '../pod/fatal.ts';
import { leaveAtEnd } from '../pod/last-leave.ts';
import { isOutage, type Outages } from '../pod/outage.ts';
import { after, type Timer } from '../pod/timers.ts';
import { type Connect, connectPair, type Pair } from '../redis/connection-pair.ts';
import { ConnectionLostError } from '../redis/connection-lost.ts';
import { messageOf } from '../pod/foreign.ts';
import type { LoopContext } from './context.ts';
import type { Asked } from './engines.ts';
import { Session } from './session.ts';
import { outcomeOf, type Task } from './task.ts';

/** How often scripts are held against the clock while some run. */
const sweepMs = 50;
/** Nothing waits longer behind a script than this: another consumer may have nothing to do. */
const patienceMs = 50;
/** Kept back of the grace for telling what was done. */
const lastTellingMs = 2000;

/** What the loop works with, beside what it hands to its sessions. */
export interface LoopParts extends Omit<LoopContext, 'dispatch' | 'fatal'> {
  readonly connect: Connect;
  readonly outages: Outages;
  /** The connections our place was taken over, for the first session. */
  readonly opened: Pair;
  /** What scripts may ask of the worker. */
  readonly asked: (task: Task) => Asked;
}

/** Works through tasks; survives every outage of Redis. */
export class Loop {
  readonly #parts: LoopParts;
  readonly #context: LoopContext;
  #opened: Pair | undefined;
  #session: Session | undefined;
  #sweep: Timer | undefined;
  #stopping = false;
  #fatal: Error | undefined;
  /** When waiting for Redis is given up, on the monotonic clock. */
  #endAtMs = Infinity;

  constructor(parts: LoopParts) {
    this.#parts = parts;
    this.#opened = parts.opened;
    const dispatch = (): void => {
      parts.engines.beginTurn(); // what has come from a connection had waited for one
      this.#dispatch();
    };
    this.#context = { ...parts, dispatch, fatal: () => this.#fatal };
  }

  /**
   * Returns when stopped, with everything told or given back.
   * @throws FatalError when this process is fenced, or the engine cannot be used any more
   */
  async run(): Promise<void> {
    try {
      await this.#sessions();
      await this.#leave();
    } finally {
      this.#sweep?.cancel();
    }
  }

  /** Takes no more tasks; what still runs when `graceMs` are nearly over is ended and given back. */
  stop(graceMs: number): void {
    if (this.#stopping) return;
    this.#stopping = true;
    const { log, hands, engines, clock } = this.#context;
    log.info('stopping: finishing what runs', { running: hands.running });
    this.#session?.stop();
    const finishMs = Math.max(graceMs - lastTellingMs, graceMs / 2);
    this.#endAtMs = clock.monotonic() + finishMs;
    after(finishMs, () => {
      engines.stop();
      void this.#session?.giveBack(hands.dropRunning()).catch(() => {}); // they stay in the own list, for the next process
    });
  }

  /** Ends the process, once all that can be told is told. */
  #fail(error: Error): void {
    this.#fatal ??= error;
    this.#context.hands.work.notify();
  }

  /** Another server has the keys by now. */
  reconnect(): void {
    this.#session?.leave(new ConnectionLostError('another server is the master now'));
  }

  #dispatch(): void {
    const { hands, engines, clock } = this.#context;
    while (engines.hasRoom && this.#fatal === undefined) {
      const startedMs = clock.monotonic();
      const task = hands.begin(startedMs);
      if (task === undefined) return;
      void this.#run(task, performance.now());
    }
  }

  async #run(task: Task, startedMs: number): Promise<void> {
    const { hands, engines, place: { tasks } } = this.#context;
    this.#sweepLater();
    const { script = '', callerId } = task;
    try {
      const result = await engines.run({ script, callerId }, this.#parts.asked(task));
      const ms = performance.now() - startedMs;
      hands.end(task, outcomeOf(result, ms, tasks.timeoutSeconds * 1000));
      this.#dispatch();
    } catch (error) {
      this.#fail(new FatalError('failed', `the engine cannot be used any more: ${messageOf(error)}`, { cause: error }));
    }
  }

  #sweepLater(): void {
    this.#sweep ??= after(sweepMs, () => {
      this.#sweep = undefined;
      this.#lookAtScripts();
      if (this.#context.hands.running > 0) this.#sweepLater();
    });
  }

  #lookAtScripts(): void {
    const { hands, engines, clock } = this.#context;
    engines.endOverdue();
    if (!this.#stopping && !engines.hasRoom && hands.isHeldUp(clock.monotonic(), patienceMs)) {
      this.#session?.giveBack(hands.dropWaiting()).catch(() => {}); // they stay in the own list, and are seen there
    }
  }

  async #sessions(): Promise<void> {
    const { hands, clock, pulse } = this.#context;
    for (;;) {
      try {
        return await this.#oneSession();
      } catch (error) {
        if (!isOutage(error)) throw error;
        if (this.#fatal) throw this.#fatal;
        if (this.#stopping && hands.size === 0) return; // there is nothing to wait for Redis with
        if (clock.monotonic() > this.#endAtMs) throw lostInOutage(hands.size, error);
        pulse.beat();
        await this.#parts.outages.wait(error);
      }
    }
  }

  async #oneSession(): Promise<void> {
    const opened = this.#opened;
    this.#opened = undefined;
    this.#session = new Session(opened ?? await connectPair(this.#parts.connect), this.#context);
    if (this.#stopping) this.#session.stop();
    await this.#session.run(opened ? 'now' : 'before', () => this.#parts.outages.over());
  }

  #leave(): Promise<void> {
    const { place, identity, log } = this.#context;
    return leaveAtEnd(this.#parts.connect, place.hashKey, identity, log);
  }
}

function lostInOutage(unfinished: number, cause: Error): FatalError {
  return new FatalError(
    'failed',
    `Redis did not come back in time (${cause.message}); ${unfinished} unfinished tasks are in the list of this consumer`,
    { cause },
  );
}
