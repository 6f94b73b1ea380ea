/** A thread: its script is kept running, and keeps what it knows, until somebody else is to do it. */
import { failureText, type ScriptFailure } from '../../contract/hats.ts';
import { pause } from '../pod/timers.ts';
import type { Host } from './host.ts';
import { type Holding, type Listener, ScriptRun } from './script-run.ts';
import type { TakenScript } from './store.ts';
import type { Outcome, VmProcess } from './vm-process.ts';

/** Somebody who waits for the next call of main(). */
interface Asking {
  readonly listener: Listener;
  readonly settle: (failure: ScriptFailure | undefined) => void;
}

/** One thread that was taken. */
export class ThreadRun extends ScriptRun {
  readonly #taken: TakenScript;
  #asking: Asking[] = [];
  #endPause = (): void => {};

  constructor(host: Host, holding: Holding, taken: TakenScript) {
    super(host, holding, 'thread');
    this.#taken = taken;
  }

  /** Runs it to its end. @returns what it failed with; undefined when it ended well or is somebody else's */
  run(): Promise<ScriptFailure | undefined> {
    return this.#inProcess(async (process) => {
      const begun = await this.#begin(process);
      if (begun.kind !== 'done') return begun;
      await this.#pause();
      while (!this.stopping.aborted) {
        const outcome = await this.#main(process);
        if (outcome.kind !== 'done') return outcome;
        await this.#pause();
      }
      return this.isLost ? begun : await this.#end(process);
    });
  }

  /** Begins, calls main() once, and ends. @returns as {@link ThreadRun.run} */
  once(): Promise<ScriptFailure | undefined> {
    return this.#inProcess(async (process) => {
      for (const step of [() => this.#begin(process), () => this.#main(process)]) {
        const outcome = await step();
        if (outcome.kind !== 'done') return outcome;
      }
      return await this.#end(process);
    });
  }

  /** Has main() called as soon as it can be. @returns what that call failed with */
  callNow(listener: Listener): Promise<ScriptFailure | undefined> {
    if (this.isOver) return Promise.resolve(ended);
    return new Promise((settle) => {
      this.#asking.push({ listener, settle });
      this.#endPause();
    });
  }

  async #inProcess(live: (process: VmProcess) => Promise<Outcome>): Promise<ScriptFailure | undefined> {
    const process = await this.host.pool.fresh();
    try {
      return this.failureOf(await live(process));
    } finally {
      this.over();
      process.kill();
      for (const { settle } of this.#asking.splice(0)) settle(ended);
    }
  }

  async #begin(process: VmProcess): Promise<Outcome> {
    const loaded = await this.order(process, { do: 'load', source: this.#taken.source, around: this.around() });
    return loaded.kind === 'done' ? await this.order(process, { do: 'call', name: 'init' }) : loaded;
  }

  async #main(process: VmProcess): Promise<Outcome> {
    const asking = this.#asking.splice(0);
    const before = this.listener;
    if (asking.length > 0) this.listener = (level, text) => asking.forEach(({ listener }) => listener(level, text));
    const outcome = await this.order(process, { do: 'call', name: 'main' });
    this.listener = before;
    for (const { settle } of asking) settle(outcome.kind === 'done' ? undefined : this.failureOf(outcome) ?? ended);
    return outcome;
  }

  /** Between two calls of main(), unless somebody asks for one. */
  async #pause(): Promise<void> {
    if (this.#asking.length > 0 || this.stopping.aborted) return;
    const over = new AbortController();
    this.#endPause = () => over.abort();
    this.stopping.addEventListener('abort', this.#endPause, { once: true });
    await pause(this.#taken.hangMs, over.signal);
    this.stopping.removeEventListener('abort', this.#endPause);
  }

  /** What cleanup() throws is told, and no more. */
  async #end(process: VmProcess): Promise<Outcome> {
    const outcome = await this.order(process, { do: 'call', name: 'cleanup' });
    if (outcome.kind === 'failed') this.log('error', `cleanup() failed: ${failureText(outcome.failure)}`);
    return { kind: 'done' };
  }
}

const ended: ScriptFailure = { error: 'the thread was ended' };
