/** The request and the context as a handler sees them. Built once per request, so nothing is made before it is asked for. */
import { requestFields } from '../../contract/request.ts';
import { bytesOf, type Entry, userFields, valueOf } from './entry.ts';
import { textOf } from '../redis/replies.ts';
import { messageOf } from '../pod/foreign.ts';
import { type HandlerContext, type HandlerRequest, type Logger, type RedisLogin, Reply, WorkerInfo } from '../mod.ts';

/** {@link HandlerRequest} over an entry. */
export class EntryRequest implements HandlerRequest {
  readonly ref: string;
  readonly #entry: Entry;
  #fields: Readonly<Record<string, string>> | undefined;

  constructor(ref: string, entry: Entry) {
    this.ref = ref;
    this.#entry = entry;
  }

  get fields(): Readonly<Record<string, string>> {
    return (this.#fields ??= userFields(this.#entry));
  }

  get data(): unknown {
    const value = valueOf(this.#entry, requestFields.data);
    if (value === undefined) return undefined;
    try {
      return JSON.parse(textOf(value));
    } catch (cause) {
      throw new Reply(400, `the field "data" of the request is not JSON: ${messageOf(cause)}`);
    }
  }

  bytes(field: string): Uint8Array | undefined {
    return Object.hasOwn(this.fields, field) ? bytesOf(this.#entry, field) : undefined;
  }
}

/** What every context of a process shares. */
export interface ContextShared {
  readonly secrets: Readonly<Record<string, unknown>>;
  readonly config: WorkerInfo;
  readonly redis?: RedisLogin;
  /** A logger whose lines carry `fields`. */
  readonly logWith: (fields: Readonly<Record<string, unknown>>) => Logger;
  readonly progress: (ref: string, percent: number) => void;
}

/** {@link HandlerContext} of one attempt. */
export class EntryContext implements HandlerContext {
  readonly ref: string;
  readonly id: string;
  readonly attempt: number;
  readonly #shared: ContextShared;
  #abort: AbortController | undefined;
  #log: Logger | undefined;
  #progress: ((percent: number) => void) | undefined;
  #over = false;

  constructor(ref: string, entry: Entry, shared: ContextShared) {
    this.ref = ref;
    this.id = entry.xid;
    this.attempt = entry.attempt;
    this.#shared = shared;
  }

  get signal(): AbortSignal {
    return (this.#abort ??= new AbortController()).signal;
  }

  get secrets(): Readonly<Record<string, unknown>> {
    return this.#shared.secrets;
  }

  get config(): WorkerInfo {
    return this.#shared.config;
  }

  get redis(): RedisLogin | undefined {
    return this.#shared.redis;
  }

  get log(): Logger {
    return (this.#log ??= this.#shared.logWith({ ref: this.ref, attempt: this.attempt }));
  }

  /** A function of its own, so that handlers may take it out of the context. */
  get progress(): (percent: number) => void {
    return (this.#progress ??= (percent) => {
      if (!(percent >= 0 && percent <= 100)) {
        throw new RangeError(`progress is a number from 0 to 100, not ${String(percent)}`);
      }
      if (!this.#over) this.#shared.progress(this.ref, percent);
    });
  }

  /** The attempt has an outcome: what its handler still tells is told no more. */
  end(): void {
    this.#over = true;
  }

  /** Ends the attempt and aborts {@link EntryContext.signal}, for the runtime. */
  abort(reason: string): void {
    this.end();
    (this.#abort ??= new AbortController()).abort(new DOMException(reason, 'AbortError'));
  }
}
