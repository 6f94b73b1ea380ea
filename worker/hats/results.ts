/** What came of jobs, and what threads failed with, in the response stream, where all that counts and shows work reads. */
import type { WorkerConfig } from '../../contract/config-hash.ts';
import { failureText, type ScriptFailure } from '../../contract/hats.ts';
import { replyCodes } from '../../contract/reply.ts';
import { Batch } from './batch.ts';
import type { FinishedJob, ResultRow, Store } from './store.ts';

/** One run that is over. */
export interface Result {
  /** What ran and when: `Jobs:count.js:2026-11-30T12:00:00.000Z`. */
  readonly ref: string;
  /** What it threw; undefined when it ended well. */
  readonly failure: ScriptFailure | undefined;
  readonly ms: number;
}

/** How long jobs that have ended wait for others, and how many are told at once. */
const together = { most: 100, momentMs: 5 };

/** Adds results to the response stream. */
export class Results {
  readonly #store: Store;
  readonly #config: WorkerConfig;
  readonly #finished: Batch<FinishedJob, 'released' | 'lost'>;

  constructor(store: Store, config: WorkerConfig) {
    this.#store = store;
    this.#config = config;
    const { type, consumerId, responseStream: stream, responseStreamLimit: limit = 0 } = config;
    this.#finished = new Batch((runs) => store.finishJobs({ stream, limit, type, consumerId }, runs), together);
  }

  /** @throws ConnectionLostError, RedisError: an outage */
  async add(result: Result): Promise<void> {
    const { type, consumerId, responseStream, responseStreamLimit } = this.#config;
    const { ref, code, res, ms } = this.#rowOf(result);
    const bound = responseStreamLimit ? ['MAXLEN', '~', responseStreamLimit] : [];
    const fields = ['ref', ref, 'type', type, 'code', code, 'res', res, 'consumer', consumerId, 'ms', ms];
    await this.#store.command('XADD', responseStream, ...bound, '*', ...fields, 'attempt', 1);
  }

  /** Lets a job go with what came of it, unless it is somebody else's by now. @throws ConnectionLostError, RedisError: an outage */
  async finish({ key, fence }: Pick<FinishedJob, 'key' | 'fence'>, result: Result): Promise<'released' | 'lost'> {
    return await this.#finished.add({ key, fence, row: this.#rowOf(result), failure: result.failure });
  }

  #rowOf({ ref, failure, ms }: Result): ResultRow {
    const code = failure === undefined ? replyCodes.ok : replyCodes.failed;
    const outcome = failure === undefined ? { data: null } : { err: { message: failureText(failure) } };
    const res = JSON.stringify({ ref, code, source: this.#config.type, time: new Date().toISOString(), ...outcome });
    return { ref, code, res, ms: Math.round(ms) };
  }
}
