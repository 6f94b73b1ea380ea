/** What the scripts of a worker share: what their calls reach, and where processes come from. */
import type { Logger } from '../mod.ts';
import type { HttpAnswer, HttpCall, Outside } from './outside.ts';
import type { RedisCalls } from './redis-calls.ts';
import type { Results } from './results.ts';
import type { SqlAnswer, SqlCall } from './sql/databases.ts';
import type { Store } from './store.ts';
import type { VmPool } from './vm-pool.ts';

/** Handed to every script that runs here. */
export interface Host {
  readonly store: Store;
  readonly redis: RedisCalls;
  readonly outside: Outside<HttpCall, HttpAnswer>;
  readonly databases: Outside<SqlCall, SqlAnswer>;
  readonly environment: Environment;
  readonly pool: VmPool;
  readonly results: Results;
  readonly logWith: (fields: Readonly<Record<string, unknown>>) => Logger;
  /** Milliseconds of a clock that never jumps. */
  readonly monotonic: () => number;
  /** Ends the worker, as a script may ask it to. */
  readonly shutdown: () => void;
}

/** Variables as scripts see and set them: those the manifest names, and what any script of this worker has set. */
export class Environment {
  readonly #set = new Map<string, string | undefined>();

  get(name: string): string | undefined {
    if (this.#set.has(name)) return this.#set.get(name);
    try {
      return Deno.env.get(name);
    } catch {
      return undefined; // not named by spec.permissions.env, or no name at all
    }
  }

  /** @param value undefined to unset it */
  set(name: string, value: string | undefined): void {
    if (this.#set.size >= mostSet && !this.#set.has(name)) return;
    this.#set.set(name, value);
  }
}

/** Variables that are kept. */
const mostSet = 10_000;
