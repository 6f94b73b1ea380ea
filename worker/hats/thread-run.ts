/** A thread: its script is kept running, and keeps what it knows, until somebody else is to do it. */
import { failureText, type ScriptFailure } from '../../contract/hats.ts';
import { pause } from '../pod/timers.ts';
import type { Host } from './host.ts';
import { type Holding, ScriptRun } from './script-run.ts';
import type { TakenThread } from './store.ts';
import type { Outcome, VmProcess } from './vm-process.ts';

/** One thread that was taken. */
export class ThreadRun extends ScriptRun {
  readonly #taken: TakenThread;

  constructor(host: Host, holding: Holding, taken: TakenThread) {
    super(host, holding, 'thread');
    this.#taken = taken;
  }

  /** Runs it to its end. @returns what it failed with; undefined when it ended well or is somebody else's */
  async run(): Promise<ScriptFailure | undefined> {
    const process = await this.host.pool.fresh();
    try {
      return this.failureOf(await this.#live(process));
    } finally {
      this.over();
      process.kill();
    }
  }

  async #live(process: VmProcess): Promise<Outcome> {
    const begun = await this.#begin(process);
    if (begun.kind !== 'done') return begun;
    while (!this.stopping.aborted) {
      const outcome = await this.order(process, { do: 'call', name: 'main' });
      if (outcome.kind !== 'done') return outcome;
      await pause(this.#taken.hangMs, this.stopping);
    }
    return this.isLost ? begun : await this.#end(process);
  }

  async #begin(process: VmProcess): Promise<Outcome> {
    const loaded = await this.order(process, { do: 'load', source: this.#taken.source, around: this.around() });
    if (loaded.kind !== 'done') return loaded;
    const begun = await this.order(process, { do: 'call', name: 'init' });
    if (begun.kind === 'done') await pause(this.#taken.hangMs, this.stopping);
    return begun;
  }

  /** What cleanup() throws is told, and no more. */
  async #end(process: VmProcess): Promise<Outcome> {
    const outcome = await this.order(process, { do: 'call', name: 'cleanup' });
    if (outcome.kind === 'failed') this.log('error', `cleanup() failed: ${failureText(outcome.failure)}`);
    return { kind: 'done' };
  }
}
