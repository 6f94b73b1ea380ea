/** Sessions one after another, until the process is to end. */
import { type Connect, connectPair, type Pair } from '../redis/connection-pair.ts';
import { ConnectionLostError } from '../redis/connection-lost.ts';
import { FatalError } from '../pod/fatal.ts';
import { leaveAtEnd } from '../pod/last-leave.ts';
import { isOutage, type Outages } from '../pod/outage.ts';
import { sweepMs } from './executor.ts';
import { Session } from './session.ts';
import type { SessionContext } from './session-context.ts';
import { after, type Timer } from '../pod/timers.ts';

/** Works through requests; survives every outage of Redis. */
export class Loop {
  readonly #context: SessionContext;
  readonly #connect: Connect;
  readonly #outages: Outages;
  #session: Session | undefined;
  #sweep: Timer | undefined;
  #stopping = false;
  /** The connections our place was taken over, for the first session. */
  #opened: Pair | undefined;
  /** When waiting for Redis is given up, on the monotonic clock. */
  #endAtMs = Infinity;

  constructor(context: SessionContext, connect: Connect, outages: Outages, opened: Pair) {
    this.#opened = opened;
    this.#context = context;
    this.#connect = connect;
    this.#outages = outages;
  }

  /**
   * Returns when stopped, or when the request limit is reached, with everything committed or handed over.
   * @throws FatalError when this process is fenced.
   */
  async run(): Promise<void> {
    this.#sweepLater();
    try {
      await this.#sessions();
      await this.#leave();
    } finally {
      this.#sweep?.cancel();
    }
  }

  /** Takes no more requests; what still runs when `graceMs` are nearly over is given up and handed over. */
  stop(graceMs: number): void {
    if (this.#stopping) return;
    this.#stopping = true;
    this.#context.log.info('stopping: finishing what runs', { running: this.#context.inFlight.running });
    this.#context.executor.open = false;
    this.#session?.stop();
    const finishMs = Math.max(graceMs - 2000, graceMs / 2);
    this.#endAtMs = this.#context.clock.monotonic() + finishMs;
    after(finishMs, () => this.#context.inFlight.abandonRunning('the process has to end'));
  }

  /** Another server has the keys by now. */
  reconnect(): void {
    this.#session?.leave(new ConnectionLostError('another server is the master now'));
  }

  #sweepLater(): void {
    this.#sweep = after(sweepMs, () => {
      this.#context.executor.endOverdue();
      this.#sweepLater();
    });
  }

  async #sessions(): Promise<void> {
    for (;;) {
      try {
        return await this.#oneSession();
      } catch (error) {
        if (!isOutage(error)) throw error;
        if (this.#stopping && this.#context.inFlight.size === 0) return; // there is nothing to wait for Redis with
        if (this.#context.clock.monotonic() > this.#endAtMs) throw lostInOutage(this.#context.inFlight.size, error);
        this.#context.pulse.beat();
        await this.#outages.wait(error);
      }
    }
  }

  async #oneSession(): Promise<void> {
    const opened = this.#opened;
    this.#opened = undefined;
    this.#session = new Session(opened ?? await connectPair(this.#connect), this.#context);
    if (this.#stopping) this.#session.stop();
    await this.#session.run(opened ? 'now' : 'before', () => this.#outages.over());
  }

  #leave(): Promise<void> {
    const { place, identity, log } = this.#context;
    return leaveAtEnd(this.#connect, place.hashKey, identity, log);
  }
}

function lostInOutage(unfinished: number, cause: Error): FatalError {
  return new FatalError(
    'failed',
    `Redis did not come back in time (${cause.message}); ${unfinished} unfinished requests will be delivered again`,
    { cause },
  );
}
