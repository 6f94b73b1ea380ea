/** What came of a script, as the answer to its request. Pure. */
import { withoutBody } from '../../pod/http.ts';
import type { ResponseMade } from '../vm/messages.ts';
import { type Answered, timeoutMs } from './endpoint-run.ts';
import { contentTypeOf } from './sniff.ts';

const typeHeader = 'content-type';

/** The answer. */
export function answerOf(answered: Answered): Response {
  switch (answered.kind) {
    case 'done':
      return made(JSON.parse(answered.result ?? '{}') as ResponseMade);
    case 'failed':
      return failed(500, answered.failure.error);
    case 'gone':
      return failed(500, answered.why);
    case 'late':
      return failed(504, `The endpoint took longer than ${timeoutMs / 1000} s`);
    case 'left':
      return failed(503, 'The request was given up');
  }
}

/** An answer in one line of text. */
export function failed(status: number, text: string, headers: Record<string, string> = {}): Response {
  const own = { [typeHeader]: 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' };
  return new Response(`${text}\n`, { status, headers: { ...headers, ...own } });
}

function made({ error, headers, body }: ResponseMade): Response {
  const given = valid(headers);
  if (error) {
    const { status, text } = error;
    return status >= 200 && status <= 599 && !withoutBody.includes(status)
      ? failed(status, text, given)
      : failed(500, `response.Error was given no status it can have: ${status}`);
  }
  return new Response(body, { headers: { [typeHeader]: contentTypeOf(body), ...given } });
}

/** Headers as far as they are ones; the length of the body is not for a script to say. */
function valid(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).filter(([name, value]) =>
      /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(name) && /^[\t\x20-\x7e\x80-\xff]*$/.test(value) &&
      !['content-length', 'transfer-encoding', 'connection'].includes(name)
    ),
  );
}
