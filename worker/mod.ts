/**
 * What a handler module imports: `import { Reply, type Handler } from "redisworker"`.
 * @module
 */

/**
 * Handles one request: the default export of a worker's module. What it returns is the reply's data
 * with code 200; what it throws is the reply's error with code 500, after the retries the manifest allows.
 *
 * @example
 * ```ts
 * import type { Handler } from "redisworker";
 *
 * const greet: Handler<{ name: string }> = ({ data }) => ({ greeting: `Hello ${data?.name}` });
 * export default greet;
 * ```
 */
export type Handler<Data = unknown, Secrets = Readonly<Record<string, unknown>>> = (
  request: HandlerRequest<Data>,
  context: HandlerContext<Secrets>,
) => unknown;

/**
 * The request as the caller sent it.
 *
 * @example
 * ```ts
 * export default (request: HandlerRequest) => ({ size: request.bytes("image")?.length, title: request.fields.title });
 * ```
 */
export interface HandlerRequest<Data = unknown> {
  /** The caller's reference. */
  readonly ref: string;
  /** The caller's fields as text, without `ref`, `type` and `workerUrl`. */
  readonly fields: Readonly<Record<string, string>>;
  /** The field `data` parsed as JSON; undefined when there is none. Throws a {@link Reply} 400 when it is no JSON. */
  readonly data: Data | undefined;
  /** The bytes of a field, for values that are no text; undefined when there is no such field. */
  bytes(field: string): Uint8Array | undefined;
}

/**
 * What the runtime hands to a handler beside the request.
 *
 * @example
 * ```ts
 * export default async (_request: HandlerRequest, { signal, progress, log }: HandlerContext) => {
 *   progress(50);
 *   const page = await fetch("https://example.com/", { signal });
 *   log.info("fetched", { status: page.status });
 *   return await page.text();
 * };
 * ```
 */
export interface HandlerContext<Secrets = Readonly<Record<string, unknown>>> {
  /** The caller's reference. */
  readonly ref: string;
  /** Id the request's entry got in the stream; the same in every attempt. */
  readonly id: string;
  /** Which attempt this is, counted from 1. A request may run more than once: let effects be repeatable. */
  readonly attempt: number;
  /** Aborted when the request's time is over, or the process has to end before the handler has. */
  readonly signal: AbortSignal;
  /** The worker's secret, decrypted; empty when it has none. */
  readonly secrets: Secrets;
  /** Who is running. */
  readonly config: WorkerInfo;
  /**
   * How a client of the module's own logs in to the worker's Redis; undefined unless `spec.redis.keys` or
   * `spec.redis.channels` open something to it.
   */
  readonly redis: RedisLogin | undefined;
  /** Writes JSON lines that carry the request's `ref`. */
  readonly log: Logger;
  /** Tells callers that watch the trace how far this request has come, 0 to 100. */
  progress(percent: number): void;
}

/**
 * The login of the worker's own user, which may use the keys and channels its manifest opens.
 *
 * @example
 * ```ts
 * export default async (_request: HandlerRequest, { redis }: HandlerContext) => {
 *   const { hostname, port } = new URL(redis?.url ?? "");
 *   const connection = await Deno.connect({ hostname, port: Number(port) });
 *   // AUTH redis.username redis.password, then GET cache:1
 *   connection.close();
 * };
 * ```
 */
export interface RedisLogin {
  /** `redis://host:port/database`, `rediss://` for TLS, `redis+sentinel://` and `redis+cluster://` for several servers. */
  readonly url: string;
  readonly username?: string;
  readonly password?: string;
  /** PEM of the authorities its certificate is signed by; the system's when absent. */
  readonly ca?: string;
}

/**
 * The worker and consumer a handler runs in.
 *
 * @example
 * ```ts
 * export default (_request: HandlerRequest, { config }: HandlerContext) => `answered by ${config.type} ${config.consumerId}`;
 * ```
 */
export interface WorkerInfo {
  readonly type: string;
  readonly consumerId: string;
  /** Digest of the module that runs: `sha256-<hex>`. */
  readonly sourceDigest?: string;
  readonly workerVersion?: string;
}

/**
 * Writes log lines; `fields` are added to the line's JSON object. Never log a secret.
 *
 * @example
 * ```ts
 * export default (_request: HandlerRequest, { log }: HandlerContext) => log.warn("slow upstream", { ms: 1200 });
 * ```
 */
export interface Logger {
  debug(message: string, fields?: Readonly<Record<string, unknown>>): void;
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
  error(message: string, fields?: Readonly<Record<string, unknown>>): void;
}

const replyBrand = Symbol.for('redisworker.Reply');
const doNotRetryBrand = Symbol.for('redisworker.DoNotRetry');

/**
 * A final answer with a code of its own, returned or thrown. It is never retried.
 *
 * @example
 * ```ts
 * import { Reply } from "redisworker";
 *
 * export default ({ data }: HandlerRequest<{ id: string }>) => {
 *   if (!data?.id) throw new Reply(404, "no such thing");
 *   return new Reply(201, { id: data.id });
 * };
 * ```
 */
export class Reply {
  readonly code: number;
  /** Data of the reply; of a code outside 200 to 299, a string is the error's message. */
  readonly body: unknown;
  readonly [replyBrand] = true;

  /** @throws RangeError when `code` is not a whole number from 100 to 999. */
  constructor(code: number, body?: unknown) {
    if (!Number.isInteger(code) || code < 100 || code > 999) {
      throw new RangeError(`the code of a Reply must be a whole number from 100 to 999, not ${String(code)}`);
    }
    this.code = code;
    this.body = body;
  }

  /** True for a Reply, also one of another copy of this module. */
  static is(value: unknown): value is Reply {
    return hasBrand(value, replyBrand);
  }
}

/**
 * An error no further attempt can help: the request goes to the dead-letter stream at once, code 500.
 *
 * @example
 * ```ts
 * import { DoNotRetry } from "redisworker";
 *
 * export default () => {
 *   throw new DoNotRetry("this account is closed");
 * };
 * ```
 */
export class DoNotRetry extends Error {
  override readonly name = 'DoNotRetry';
  readonly [doNotRetryBrand] = true;

  /** True for a DoNotRetry, also one of another copy of this module. */
  static is(value: unknown): value is DoNotRetry {
    return hasBrand(value, doNotRetryBrand);
  }
}

/** Asking a value that is not ours may run its code, as with a Proxy: what throws has no brand. */
function hasBrand(value: unknown, brand: symbol): boolean {
  try {
    return typeof value === 'object' && value !== null && brand in value;
  } catch {
    return false;
  }
}
