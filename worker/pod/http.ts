/** Answers over HTTP, where spec.http asks for it: from the first request to the last one that was begun. */
import type { Address } from './address.ts';
import { FatalError } from './fatal.ts';
import { messageOf } from './foreign.ts';
import { after, pause } from './timers.ts';

/**
 * Milliseconds for which requests are still taken once the process is to stop: those who send them learn a moment later
 * than the process that it is not ready any more.
 */
const newsMs = 2000;

/** Milliseconds for the answers of requests that are given up. */
const lastMs = 200;

/** Milliseconds in which a body has to be there: whoever sends it slowly is not to keep a place of others. */
const bodyMs = 30_000;

/** Bytes of the body of a request that is read as a whole. */
const mostBody = 1024 * 1024;

/** What {@link readBody} has for nothing is answered with, as status 413. */
export const unreadBody = `A body has at most ${mostBody} bytes, and is sent within ${bodyMs / 1000} s`;

/** Statuses whose answers have no body. */
export const withoutBody: readonly number[] = [204, 205, 304];

/** The body of a request as text; undefined when it is longer than so many bytes, or was not sent to its end in time. */
export async function readBody(request: Request, most = mostBody, withinMs = bodyMs): Promise<string | undefined> {
  if (Number(request.headers.get('content-length') ?? 0) > most) return undefined;
  const reader = request.body?.getReader();
  if (reader === undefined) return '';
  let isLate = false;
  const patience = after(withinMs, () => {
    isLate = true;
    void reader.cancel().catch(() => {});
  });
  try {
    const text = await readText(reader, most);
    return isLate ? undefined : text;
  } catch {
    return undefined; // who sent it went away
  } finally {
    patience.cancel();
  }
}

async function readText(reader: ReadableStreamDefaultReader<Uint8Array>, most: number): Promise<string | undefined> {
  const decoder = new TextDecoder();
  let [text, length] = ['', 0];
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return text + decoder.decode();
    length += value.length;
    if (length > most) return undefined;
    text += decoder.decode(value, { stream: true });
  }
}

/** A server that runs. */
export interface HttpServer {
  readonly port: number;
  /** Once: takes requests for a moment longer, then none, and waits for those under way; after `withinMs` they are given up. */
  drain(withinMs: number): Promise<void>;
  /** Gives up what is under way. */
  close(): void;
}

/**
 * Serves `answer` until it is drained or closed.
 * @param answer must not throw; the signal of its request is aborted once nobody waits for the answer
 * @throws FatalError when the address cannot be listened on
 */
export function serveHttp(address: Address, answer: (request: Request) => Promise<Response>): HttpServer {
  const given = Promise.withResolvers<undefined>();
  const giveUp = (): void => given.resolve(undefined);
  const untilGivenUp = async (request: Request): Promise<Response> =>
    await Promise.race([answer(request), given.promise]) ??
      new Response('The worker is ending\n', { status: 503, headers: { 'retry-after': '1' } });
  try {
    const server = Deno.serve({ ...address, onListen: () => {} }, untilGivenUp);
    let draining: Promise<void> | undefined;
    const drainOnce = (withinMs: number) => (draining ??= drain(server, giveUp, withinMs));
    return { port: server.addr.port, drain: drainOnce, close: giveUp };
  } catch (cause) {
    throw new FatalError(
      'failed',
      `requests cannot be listened for on ${address.hostname}:${address.port}: ${messageOf(cause)}`,
      { cause },
    );
  }
}

async function drain(server: Deno.HttpServer, giveUp: () => void, withinMs: number): Promise<void> {
  const patience = after(withinMs, giveUp);
  const news = Math.min(newsMs, withinMs / 4);
  await pause(news);
  const closed = new AbortController();
  // Who sends a body for ever keeps its connection, whatever he was answered.
  await Promise.race([server.shutdown(), pause(withinMs - news + lastMs, closed.signal)]);
  closed.abort();
  patience.cancel();
}
