/** `redisworker send`: one request through Redis, and the reply to it. */
import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import { replyListKey } from '../contract/keys.ts';
import { decodeReply, isSuccess } from '../contract/reply.ts';
import { encodeRequest } from '../contract/request.ts';
import { type ExitCode, exitCodes, Failure, messageOf } from './failure.ts';
import type { Io } from './io.ts';
import { explainSilence, observeSilence } from './silence.ts';

/** A request, and how long its reply may take. */
export interface OutgoingRequest {
  readonly type: string;
  /** JSON text. */
  readonly data: string;
  /** Key of the stream that the workers of this type read. */
  readonly stream: string;
  readonly timeoutSeconds: number;
  /** The caller's reference; random when absent. */
  readonly ref?: string;
}

/** The reply as the worker wrote it, or what kept it from coming. */
export type Answer = { readonly kind: 'reply'; readonly text: string } | {
  readonly kind: 'silence';
  readonly why: string;
};

/**
 * Adds the request to the stream and waits for the reply.
 * @throws Failure when Redis refuses a command or goes away.
 */
export async function send(redis: Redis, request: OutgoingRequest): Promise<Answer> {
  const ref = request.ref ?? randomUUID();
  try {
    const id = await redis.xadd(
      request.stream,
      '*',
      ...Object.entries(encodeRequest(ref, request.type, request.data)).flat(),
    );
    if (id === null) throw new Error('the entry was not added');
    const popped = await redis.brpop(replyListKey(ref), request.timeoutSeconds);
    if (popped !== null) return { kind: 'reply', text: popped[1] };
    return { kind: 'silence', why: explainSilence(await observeSilence(redis, request.stream, id), request) };
  } catch (error) {
    throw new Failure(`the request on ${request.stream} failed: Redis says "${messageOf(error)}"`, exitCodes.failed, {
      cause: error,
    });
  }
}

/** Prints an answer: for the eye on a terminal, on one line otherwise. */
export function printAnswer(answer: Answer, io: Io): ExitCode {
  if (answer.kind === 'silence') {
    io.err(answer.why);
    return exitCodes.timedOut;
  }
  try {
    const { code } = decodeReply(answer.text);
    io.out(JSON.stringify(JSON.parse(answer.text), null, io.terminal ? 2 : 0));
    return isSuccess(code) ? exitCodes.ok : exitCodes.failed;
  } catch {
    io.out(answer.text);
    io.err('the reply is not a JSON object with a numeric "code": the worker does not follow the contract');
    return exitCodes.failed;
  }
}

/**
 * The JSON text of a request, from the command line or, for `-`, from standard input.
 * @throws Failure (usage) that quotes the parser when it is not JSON.
 */
export async function readJson(argument: string, io: Io): Promise<string> {
  const text = argument === '-' ? (await io.input()).trim() : argument;
  try {
    JSON.parse(text);
    return text;
  } catch (error) {
    throw new Failure(
      `the request is not JSON (${messageOf(error)}); quote it for the shell: '{"name":"Ada"}'`,
      exitCodes.usage,
      { cause: error },
    );
  }
}
