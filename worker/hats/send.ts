/** The process that sends requests for scripts. */
import { messageOf } from '../pod/foreign.ts';
import { inTermsOfTheManifest } from '../pod/denials.ts';
import type { HttpAnswer, HttpCall } from './outside.ts';
import { encodeFrame, Frames } from './vm/frames.ts';

/** Milliseconds a request may take. */
const timeoutMs = 30_000;
/** Bytes of a body that are taken. */
const mostBody = 8 * 1024 * 1024;

/** Sends what comes in on stdin until it ends. */
export async function serveCalls(): Promise<void> {
  const frames = new Frames(2 * mostBody);
  for await (const chunk of Deno.stdin.readable) {
    frames.add(chunk);
    for (let asked = frames.next(); asked !== undefined; asked = frames.next()) {
      const { id, call } = asked as { id: number; call: HttpCall };
      void send(call).then((answer) => tell({ id, answer }));
    }
  }
}

let told: Promise<void> = Promise.resolve();

function tell(message: unknown): void {
  const bytes = encodeFrame(message);
  told = told.then(async () => {
    for (let at = 0; at < bytes.length;) at += await Deno.stdout.write(bytes.subarray(at));
  });
}

async function send({ method, url, body, type }: HttpCall): Promise<HttpAnswer> {
  try {
    const response = await fetch(url, {
      method,
      ...(body === null || method === 'GET' || method === 'HEAD' ? {} : { body: new TextEncoder().encode(body) }),
      ...(type === undefined ? {} : { headers: { 'content-type': type } }),
      signal: AbortSignal.timeout(timeoutMs),
    });
    return { body: await readBody(response), status: response.status, headers: headersOf(response.headers) };
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    return { error: inTermsOfTheManifest(messageOf(cause)) };
  }
}

async function readBody({ body }: Response): Promise<string> {
  const decoder = new TextDecoder();
  let [text, length] = ['', 0];
  for await (const chunk of body ?? []) {
    length += chunk.length;
    if (length > mostBody) throw new Error(`the answer is longer than ${mostBody} bytes`);
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

/** Names as Go writes them: `Content-Type`. */
function headersOf(headers: Headers): Record<string, string[]> {
  const named: Record<string, string[]> = {};
  for (const [name, value] of headers) {
    (named[name.replace(/(^|-)[a-z]/g, (letter) => letter.toUpperCase())] ??= []).push(value);
  }
  return named;
}
