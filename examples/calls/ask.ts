/** Asks another worker and awaits its reply: a handler of this process, or else one behind its streams. */
import { Redis } from 'ioredis';
import { type Handler, type HandlerContext, Reply } from 'redisworker';

/** Handlers of this process, by worker type. */
const here = new Map<string, Handler>();

/** Lets `ask` find workers in this process. */
export function serveHere(handlers: Readonly<Record<string, unknown>>): void {
  for (const [type, handler] of Object.entries(handlers)) here.set(type, handler as Handler);
}

/** The data of its reply. @throws Reply with the code it refused with */
export async function ask<Data>(type: string, data: object, context: HandlerContext): Promise<Data> {
  const handler = here.get(type);
  if (handler !== undefined) {
    const request = { ref: context.ref, fields: {}, data, bytes: () => undefined };
    return await handler(request, context) as Data;
  }
  const { code, data: found, err } = await (streams ??= new Streams(context)).ask(type, data, context.signal);
  if (code < 200 || code > 299) throw new Reply(code, `${type}: ${err?.message ?? 'it failed'}`);
  return found as Data;
}

interface Answer {
  readonly code: number;
  readonly data?: unknown;
  readonly err?: { readonly message?: string };
}

let streams: Streams | undefined;

/**
 * A worker may add to the request stream of another and read its responses where redis.keys opens them; replies are
 * for callers outside. One connection adds, and one for each type waits for all responses that are awaited.
 */
class Streams {
  readonly #redis: Redis;
  readonly #awaited = new Map<string, Map<string, (answer: Answer) => void>>();

  constructor({ redis, log }: HandlerContext) {
    if (redis === undefined) throw new Error('this worker is to ask others: name their streams in redis.keys');
    const { hostname, port } = new URL(redis.url);
    const { username, password } = redis;
    this.#redis = new Redis({ host: hostname, port: Number(port), username, password, enableReadyCheck: false });
    this.#redis.on('error', (error: Error) => log.warn('Redis is away', { why: error.message }));
  }

  async ask(type: string, data: object, signal: AbortSignal): Promise<Answer> {
    const ref = crypto.randomUUID();
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const give = (): void => reject(signal.reason);
    signal.addEventListener('abort', give);
    try {
      await this.#await(type, ref, resolve);
      await this.#redis.xadd(`${type}:req:x`, '*', 'ref', ref, 'type', type, 'data', JSON.stringify(data));
      return await promise;
    } finally {
      signal.removeEventListener('abort', give);
      this.#awaited.get(type)?.delete(ref);
    }
  }

  /** What comes after this is read. */
  async #await(type: string, ref: string, resolve: (answer: Answer) => void): Promise<void> {
    const known = this.#awaited.get(type);
    if (known !== undefined) return void known.set(ref, resolve);
    const awaited = new Map([[ref, resolve]]);
    this.#awaited.set(type, awaited);
    const last = await this.#redis.xrevrange(`${type}:res:x`, '+', '-', 'COUNT', 1);
    void this.#read(type, last[0]?.[0] ?? '0', awaited);
  }

  async #read(type: string, from: string, awaited: Map<string, (answer: Answer) => void>): Promise<void> {
    const reader = this.#redis.duplicate();
    reader.on('error', () => undefined); // told by the other connection; it is dialled again
    for (let after = from;;) {
      const found = await reader.xread('BLOCK', 5000, 'STREAMS', `${type}:res:x`, after).catch(() => null);
      for (const [id, fields] of found?.[0]?.[1] ?? []) {
        after = id;
        const response = new Map(pairs(fields));
        awaited.get(response.get('ref') ?? '')?.(JSON.parse(response.get('res') ?? '{}') as Answer);
      }
    }
  }
}

function pairs(fields: readonly string[]): (readonly [string, string])[] {
  return fields.flatMap((name, at) => (at % 2 === 0 ? [[name, fields[at + 1] ?? ''] as const] : []));
}
