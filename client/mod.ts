/**
 * What a caller of workers imports: `import { connect } from "redisworker/client"`, on Node 20 or newer and on Deno.
 * @module
 */
import { keyPrefix, requestStreamKey } from '../contract/keys.ts';
import { decodeReply, isSuccess, type Reply } from '../contract/reply.ts';
import { asksForReply, encodeRequest, parseRequest, requestFields } from '../contract/request.ts';
import { traceparentField } from '../contract/traceparent.ts';
import { Calls } from './calls.ts';
import { dialling } from './dialling.ts';

/** How to reach a Redis. */
export interface ConnectOptions {
  /**
   * `redis://host:6379/0`, `redis+sentinel://host,host/master-name`, `redis+cluster://host,host`; `rediss` in the place
   * of `redis` speaks TLS. A login may stand in it: `redis://user:password@host`.
   */
  readonly url: string;
  /** Taken when the URL has none. */
  readonly username?: string;
  /** Taken when the URL has none. */
  readonly password?: string;
  /** What TLS is checked by: PEM texts, and the name the certificate carries when it is not the host. */
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string; readonly serverName?: string };
  /** Login of the Sentinels. */
  readonly sentinel?: { readonly username?: string; readonly password?: string };
  /** Connections that wait for replies, at most; beyond that each waits for several at once [4]. */
  readonly connections?: number;
  /** Milliseconds to wait for a reply when a call does not say [30000]. */
  readonly timeout?: number;
}

/** What a request may carry beside its data. */
export interface SendOptions {
  /** Reference of the request, new for each: 1 to 512 bytes without control characters [a random one]. */
  readonly ref?: string;
  /** Further fields of the request. */
  readonly fields?: Readonly<Record<string, string>>;
  /** The trace this is a part of, as W3C Trace Context writes it. */
  readonly traceparent?: string;
  /** Request stream, when the manifest of the worker names another than `<type>:req:x`. */
  readonly stream?: string;
}

/** How to wait for the reply. */
export interface AskOptions extends SendOptions {
  /** Milliseconds. Longer than the worker's own `spec.handler.timeoutSeconds`. */
  readonly timeout?: number;
  /** Ends the wait; what was asked may still be done. */
  readonly signal?: AbortSignal;
}

/** Asks workers. One is enough for a whole process. */
export interface Client {
  /**
   * Sends a request and waits for its reply.
   * @returns the data of a reply with a code from 200 to 299
   * @throws ReplyError for any other code, and 502 for a reply that is no JSON with a code; TimeoutError when none came in time, RedisError when Redis cannot be used,
   * and the reason of the signal
   *
   * @example
   * ```ts
   * const { greeting } = await client.ask<{ greeting: string }>("greeter", { name: "Ada" }, { timeout: 5000 });
   * ```
   */
  // eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- a caller may name the type of what it sends
  ask<Result = unknown, Data = unknown>(type: string, data?: Data, options?: AskOptions): Promise<Result>;
  /**
   * Sends a request without waiting for its reply.
   * @returns its reference
   * @throws RedisError when Redis has not taken it
   */
  // eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- a caller may name the type of what it sends
  send<Data = unknown>(type: string, data?: Data, options?: SendOptions): Promise<string>;
  /** Closes the connections. What still waits is rejected. */
  close(): Promise<void>;
}

/** A worker replied with a code outside 200 to 299; the message is that of the reply. */
export class ReplyError extends Error {
  override readonly name = 'ReplyError';
  /** 4xx: the request's fault; 5xx: the worker's. */
  readonly code: number;
  readonly ref: string;
  /** What the reply carries in `data`, if anything. */
  readonly data: unknown;

  constructor(code: number, message: string, ref: string, data?: unknown) {
    super(message);
    this.code = code;
    this.ref = ref;
    this.data = data;
  }
}

/** No reply came in time. The request waits in its stream until a worker takes it. */
export class TimeoutError extends Error {
  override readonly name = 'TimeoutError';
  /** What the response stream and the trace know the request by. */
  readonly ref: string;

  constructor(message: string, ref: string) {
    super(message);
    this.ref = ref;
  }
}

/** Redis cannot be reached, or refuses a command. */
export class RedisError extends Error {
  override readonly name = 'RedisError';
}

/**
 * Connects to the Redis of the workers. A connection that is lost later is made again with the next call.
 * @param where its URL, or more than that
 * @throws RedisError when it cannot be reached
 *
 * @example
 * ```ts
 * import { connect } from "redisworker/client";
 *
 * const client = await connect("redis://127.0.0.1:6379");
 * console.log(await client.ask("greeter", { name: "Ada" }));
 * await client.close();
 * ```
 */
export async function connect(where: string | ConnectOptions): Promise<Client> {
  const options = typeof where === 'string' ? { url: where } : where;
  const { connections = 4, timeout: usualTimeout = 30_000 } = options;
  const { dial, topology } = dialling(options);
  const calls = new Calls({ dial, connections, redials: true });
  await calls.connect().catch(told);
  const write = (type: string, data: unknown, ref: string, { fields, traceparent, stream }: SendOptions) =>
    calls.add(stream ?? requestStreamKey(keyPrefix(type, topology)), ref, {
      ...fields,
      [requestFields.type]: type,
      ...(data === undefined ? {} : { [requestFields.data]: JSON.stringify(data) }),
      ...(traceparent === undefined ? {} : { [traceparentField]: traceparent }),
    });
  return {
    async send(type, data, options = {}) {
      const ref = reference(options.ref ?? calls.newRef());
      await write(type, data, ref, options).catch(told);
      return ref;
    },
    async ask<Result>(type: string, data?: unknown, options: AskOptions = {}) {
      const ref = reference(options.ref ?? calls.newRef());
      const { timeout = usualTimeout, signal } = options;
      signal?.throwIfAborted();
      const ends = new AbortController();
      const reply = calls.reply(ref, timeout, signal ? AbortSignal.any([signal, ends.signal]) : ends.signal);
      try {
        // Both at once, since the reply cannot be missed: it stays where it is until somebody takes it.
        const asking = { ...options, fields: { ...asksForReply, ...options.fields } };
        const [text] = await Promise.all([reply, write(type, data, ref, asking)]);
        if (text === undefined) throw new TimeoutError(lateness(type, timeout, calls.fault), ref);
        return resultOf(text, ref) as Result;
      } catch (error) {
        ends.abort();
        if (isOurs(error) || (signal?.aborted && error === signal.reason)) throw error;
        return told(error);
      }
    },
    close: () => calls.close(new RedisError('the client was closed')),
  };
}

/** @throws RangeError for a reference no worker would take */
function reference(ref: string): string {
  if (parseRequest(encodeRequest(ref, 'any', ''), { type: 'any' }).kind === 'request') return ref;
  throw new RangeError('a reference has 1 to 512 bytes without control characters');
}

/** @throws ReplyError for a code that is no success, or a reply without one */
function resultOf(text: string, ref: string): unknown {
  const { code, data, err } = decoded(text, ref);
  if (isSuccess(code)) return data;
  throw new ReplyError(
    code,
    err?.message ?? (typeof data === 'string' ? data : `the reply has code ${code}`),
    ref,
    data,
  );
}

/** A reply that keeps to no contract counts as one of a bad gateway. */
function decoded(text: string, ref: string): Reply {
  try {
    return decodeReply(text);
  } catch {
    throw new ReplyError(502, 'the reply is not a JSON object with a numeric "code"', ref, text);
  }
}

function lateness(type: string, timeoutMs: number, fault: unknown): string {
  return `no reply from "${type}" within ${timeoutMs} ms${fault instanceof Error ? `: ${fault.message}` : ''}`;
}

function isOurs(error: unknown): boolean {
  return [ReplyError, TimeoutError, RedisError].some((kind) => error instanceof kind);
}

function told(error: unknown): never {
  throw isOurs(error) ? error : new RedisError(error instanceof Error ? error.message : String(error));
}
