/** Requests, as the process sends them that does so for scripts. */
import { messageOf } from '../pod/foreign.ts';
import { inTermsOfTheManifest } from '../pod/denials.ts';
import type { HttpAnswer, HttpCall } from './outside.ts';

/** Milliseconds a request may take. */
const timeoutMs = 30_000;
/** Bytes of a body that are taken. */
const mostBody = 8 * 1024 * 1024;

/** Sends one request; never throws. */
export async function send({ method, url, body, type }: HttpCall): Promise<HttpAnswer> {
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
