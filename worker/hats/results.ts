/** What came of jobs, and what threads failed with, in the response stream, where all that counts and shows work reads. */
import type { WorkerConfig } from '../../contract/config-hash.ts';
import { replyCodes } from '../../contract/reply.ts';
import type { Store } from './store.ts';

/** One run that is over. */
export interface Result {
  /** What ran and when: `Jobs:count.js:2026-11-30T12:00:00.000Z`. */
  readonly ref: string;
  /** What it threw; undefined when it ended well. */
  readonly error: string | undefined;
  readonly ms: number;
}

/** Adds results to the response stream. */
export class Results {
  readonly #store: Store;
  readonly #config: WorkerConfig;

  constructor(store: Store, config: WorkerConfig) {
    this.#store = store;
    this.#config = config;
  }

  /** @throws ConnectionLostError, RedisError: an outage */
  async add({ ref, error, ms }: Result): Promise<void> {
    const { type, consumerId, responseStream, responseStreamLimit } = this.#config;
    const code = error === undefined ? replyCodes.ok : replyCodes.failed;
    const outcome = error === undefined ? { data: null } : { err: { message: error } };
    const res = JSON.stringify({ ref, code, source: type, time: new Date().toISOString(), ...outcome });
    const bound = responseStreamLimit ? ['MAXLEN', '~', responseStreamLimit] : [];
    const fields = ['ref', ref, 'type', type, 'code', code, 'res', res, 'consumer', consumerId, 'ms', Math.round(ms)];
    await this.#store.command('XADD', responseStream, ...bound, '*', ...fields, 'attempt', 1);
  }
}
