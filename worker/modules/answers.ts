/** What a module returns and throws, in the terms of a reply. */
import { BrokerError } from '../../broker/mod.ts';
import { TimeIsUp } from '../handler/outcome.ts';
import { DoNotRetry, Reply } from '../mod.ts';
import { isInstance, messageOf, propertyOf } from '../pod/foreign.ts';

/** A value as it is, or of a Response its status and its body. */
export function answerOf(value: unknown): unknown {
  return isInstance(value, Response) ? replyOfResponse(value) : value;
}

/** Where a call went. */
export interface Called {
  readonly module: URL;
  readonly functionName: string;
}

/**
 * Classes do not travel: what a module throws to answer with a code, or to be tried no more, is known by what it carries.
 * @param called it is its caller's fault when it is not there, and nobody's when that is another function
 * @throws what stands for it here
 */
export async function throwInOwnTerms(error: unknown, { module, functionName }: Called): Promise<never> {
  if (isInstance(error, Response)) throw await replyOfResponse(error);
  if (error instanceof BrokerError) {
    const message = error.message.replaceAll(new URL('.', module).href, '');
    if (error.code === 'Timeout') throw new TimeIsUp(message);
    const isThere = error.message !== `Function not found: ${functionName}() in ${module}`;
    throw error.code === 'FunctionNotFound' && !isThere
      ? new Reply(404, message)
      : new Error(message, { cause: error });
  } else if (isInstance(error, Error)) {
    if (propertyOf(error, 'name') === 'DoNotRetry') throw new DoNotRetry(messageOf(error));
  } else {
    const [code, body] = [propertyOf(error, 'code'), propertyOf(error, 'body')];
    if (typeof code === 'number' && Number.isInteger(code) && code >= 100 && code <= 999) throw new Reply(code, body);
  }
  throw error;
}

async function replyOfResponse(response: Response): Promise<Reply> {
  const text = await response.text();
  const isJson = /\bjson\b/.test(response.headers.get('content-type') ?? '');
  return new Reply(response.status, isJson ? parsed(text) : text);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
