/** Takes threads nobody alive has, and runs them. */
import { failureText, type ScriptFailure, scriptKeyPrefix } from '../../contract/hats.ts';
import { pause } from '../pod/timers.ts';
import type { Host } from './host.ts';
import { ignoreOutage, Scripts } from './scripts.ts';
import type { TakenScript } from './store.ts';
import { ThreadRun } from './thread-run.ts';

/** Milliseconds between a change of a thread that is not ours and a look at it. */
const settleMs = 400;
/** A thread nobody may have, since it is disabled or has no source, is looked at so often when nothing tells of it. */
const idleMs = 5000;
/** Who has many threads waits a moment, so that others get the next. */
const yieldMs = 4;
const mostYieldMs = 300;

/** The threads of a cluster, as one of its workers sees them. */
export class Threads {
  readonly #host: Host;
  readonly #scripts: Scripts;
  /** When to try to take each that is not ours. */
  readonly #nextTry = new Map<string, number>();
  readonly #trying = new Set<string>();

  constructor(host: Host) {
    this.#host = host;
    this.#scripts = new Scripts(host);
  }

  get running(): number {
    return this.#scripts.size;
  }

  /** There is such a thread, or something was written into it. */
  changed(key: string): void {
    if (this.#scripts.has(key)) this.#scripts.changed(key);
    else {
      const soon = this.#host.monotonic() + (this.#nextTry.has(key) ? settleMs : 0);
      this.#nextTry.set(key, Math.min(this.#nextTry.get(key) ?? soon, soon));
    }
  }

  /** These are all there are. */
  known(keys: ReadonlySet<string>): void {
    for (const key of this.#nextTry.keys()) if (!keys.has(key)) this.#nextTry.delete(key);
    for (const key of keys) if (!this.#nextTry.has(key)) this.changed(key);
  }

  /** Gives signs of life, and takes what is free. @param mayTake false while this worker is to take nothing new */
  look(mayTake: boolean): void {
    this.#scripts.look();
    if (!mayTake) return;
    const now = this.#host.monotonic();
    for (const [key, due] of this.#nextTry) {
      if (due <= now && !this.#scripts.has(key) && !this.#trying.has(key)) void this.#try(key);
    }
  }

  /** The thread, where it runs here. */
  runOf(key: string): ThreadRun | undefined {
    const run = this.#scripts.runOf(key);
    return run instanceof ThreadRun ? run : undefined;
  }

  leave(withinMs?: number): void {
    this.#scripts.leave(withinMs);
  }

  async #try(key: string): Promise<void> {
    this.#trying.add(key);
    try {
      await pause(Math.min(mostYieldMs, this.#scripts.size * yieldMs));
      const taken = await this.#host.store.takeScript(key, 'due');
      if (typeof taken === 'number') this.#nextTry.set(key, this.#host.monotonic() + (taken < 0 ? idleMs : taken));
      else this.#start(key, taken);
    } catch (error) {
      ignoreOutage(error);
      this.#nextTry.set(key, this.#host.monotonic() + settleMs);
    } finally {
      this.#trying.delete(key);
    }
  }

  #start(key: string, taken: TakenScript): void {
    const { store, logWith } = this.#host;
    const name = key.slice(scriptKeyPrefix(store.member.cluster, 'Threads').length);
    const run = new ThreadRun(this.#host, { key, name, fence: taken.fence, deadMs: taken.deadMs }, taken);
    const log = logWith({ thread: name });
    log.info('thread taken', { fence: taken.fence });
    const began = this.#host.monotonic();
    const running = run.run().then(async (failure) => {
      if (run.isLost) return log.warn('thread left: another worker has it by now, or it was written anew');
      if (failure === undefined) log.info('thread stopped');
      else log.error('thread crashed', { reason: failureText(failure) });
      await this.#settle(run, failure, began);
    });
    this.#scripts.hold(run, running.catch(ignoreOutage));
    this.#nextTry.set(key, began);
    void running.catch(ignoreOutage).finally(() => this.#nextTry.set(key, this.#host.monotonic() + settleMs));
  }

  async #settle(run: ThreadRun, failure: ScriptFailure | undefined, began: number): Promise<void> {
    const { store, results, monotonic } = this.#host;
    const { key, name, fence } = run.holding;
    await store.release(key, fence, failure, '-');
    if (failure === undefined) return;
    const ref = `Threads:${name}:${new Date().toISOString()}`;
    await results.add({ ref, failure, ms: monotonic() - began });
  }
}
