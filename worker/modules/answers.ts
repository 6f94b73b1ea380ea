/** What a module returns and throws, in the terms of a reply. */
import { BrokerError } from '../../broker/mod.ts';
import { TimeIsUp } from '../handler/outcome.ts';
import { DoNotRetry, Reply } from '../mod.ts';
import { isInstance, messageOf, propertyOf } from '../pod/foreign.ts';

/** What a call comes to as a handler gives it: of a Response its status and its body. @throws what it rejects with, likewise */
export async function asReply(calling: Promise<unknown>): Promise<unknown> {
  try {
    const value = await calling;
    return isInstance(value, Response) ? await replyOfResponse(value) : value;
  } catch (error) {
    throw isInstance(error, Response) ? await replyOfResponse(error) : error;
  }
}

/** Where a call went. */
export interface Called {
  readonly module: URL;
  readonly functionName: string;
}

/**
 * Classes do not travel: what a module throws to answer with a code, or to be tried no more, is known by what it carries.
 * @param called it is its caller's fault when it is not there, and nobody's when that is another function
 */
export function inOwnTerms(error: unknown, called: Called): unknown {
  if (error instanceof BrokerError) return ofBroker(error, called);
  if (isInstance(error, Error)) {
    return propertyOf(error, 'name') === 'DoNotRetry' ? new DoNotRetry(messageOf(error)) : error;
  }
  if (isInstance(error, Response)) return error;
  const [code, body] = [propertyOf(error, 'code'), propertyOf(error, 'body')];
  const isReply = typeof code === 'number' && Number.isInteger(code) && code >= 100 && code <= 999;
  return isReply ? new Reply(code, body) : error;
}

function ofBroker(error: BrokerError, { module, functionName }: Called): unknown {
  const message = error.message.replaceAll(new URL('.', module).href, '');
  if (error.code === 'Timeout') return new TimeIsUp(message);
  const isOwnAbsence = error.code === 'FunctionNotFound' &&
    error.message === `Function not found: ${functionName}() in ${module}`;
  return isOwnAbsence ? new Reply(404, message) : new Error(message, { cause: error });
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
