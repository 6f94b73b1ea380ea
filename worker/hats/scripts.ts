/** What threads and jobs have in common: scripts that are held here, each with its signs of life. */
import { isOutage } from '../pod/outage.ts';
import type { Host } from './host.ts';
import type { ScriptRun } from './script-run.ts';

interface Held {
  readonly run: ScriptRun;
  nextBeat: number;
  beating: boolean;
}

/** Scripts that run here, by key. */
export class Scripts {
  readonly #host: Host;
  readonly #held = new Map<string, Held>();

  constructor(host: Host) {
    this.#host = host;
  }

  get size(): number {
    return this.#held.size;
  }

  has(key: string): boolean {
    return this.#held.has(key);
  }

  runOf(key: string): ScriptRun | undefined {
    return this.#held.get(key)?.run;
  }

  /** Watches over a script until `running` settles. */
  hold(run: ScriptRun, running: Promise<unknown>): void {
    const { key } = run.holding;
    this.#held.set(key, { run, nextBeat: this.#host.monotonic() + run.beatMs, beating: false });
    void running.finally(() => this.#held.delete(key));
  }

  /** Gives the signs of life that are due, and ends what may not go on. */
  look(): void {
    const now = this.#host.monotonic();
    for (const held of this.#held.values()) {
      held.run.checkLease();
      held.run.checkSlice();
      if (now >= held.nextBeat) this.#beat(held);
    }
  }

  /** Somebody else wrote into the hash of a script. */
  changed(key: string): void {
    const held = this.#held.get(key);
    if (held) this.#beat(held);
  }

  /** Has all of them end. */
  leave(withinMs?: number): void {
    for (const { run } of this.#held.values()) run.leave(withinMs);
  }

  /** An outage says nothing about whose it is: then the lease decides. */
  #beat(held: Held): void {
    if (held.beating || held.run.isLost || held.run.isOver) return;
    held.beating = true;
    held.nextBeat = this.#host.monotonic() + held.run.beatMs;
    const { key, fence } = held.run.holding;
    this.#host.store.beat(key, fence).then((standing) => held.run.heard(standing), ignoreOutage).finally(() => {
      held.beating = false;
    });
  }
}

/** @throws anything but an outage, which others tell */
export function ignoreOutage(error: unknown): void {
  if (!isOutage(error)) throw error;
}
