/** A job: its whole script is run once for each tick, in a context of its own. */
import type { ScriptFailure } from '../../contract/hats.ts';
import { ScriptRun } from './script-run.ts';

/** One run of a job. */
export class JobRun extends ScriptRun {
  /** Runs it. @param onBegun called once it has a process @returns what it failed with; undefined when it ended well or is somebody else's */
  async run(source: string, onBegun: () => void): Promise<ScriptFailure | undefined> {
    const { pool } = this.host;
    const process = await pool.idle();
    onBegun();
    const outcome = await this.order(process, { do: 'load', source, around: this.around() });
    this.over();
    if (outcome.kind === 'gone' || this.isLost) process.kill();
    pool.takeBack(process);
    return this.failureOf(outcome);
  }
}
