/** `redisworker send`: one request through Redis, and the reply to it. */
import { randomUUID } from 'node:crypto';
import { Calls } from '../client/calls.ts';
import { decodeReply, isSuccess } from '../contract/reply.ts';
import { asksForReply } from '../contract/request.ts';
import { type ExitCode, exitCodes, Failure, messageOf } from './failure.ts';
import type { Io } from './io.ts';
import { mustBeFree } from './reference.ts';
import { explainSilence, observeSilence } from './silence.ts';
import { another, type RedisClient } from '../operator/redis/requests/client.ts';

/** A request, and how long its reply may take. */
export interface OutgoingRequest {
  readonly type: string;
  /** Every field but the reference. */
  readonly fields: Readonly<Record<string, string>>;
  /** Key of the stream that the workers of this type read. */
  readonly stream: string;
  readonly timeoutSeconds: number;
  /** The caller's reference; random when absent. */
  readonly ref?: string;
}

/** The reply as the worker wrote it, or what kept it from coming. */
export type Answer =
  | { readonly kind: 'reply'; readonly text: string }
  | { readonly kind: 'silence'; readonly why: string; readonly exitCode: ExitCode };

/** Ends a wait. */
const interruption = new Error('interrupted');

/**
 * Adds the request to the stream and waits for the reply, until the time is up or `stop` settles. A request that no
 * worker has taken by then is removed again.
 * @throws Failure when the reference belongs to an earlier request, Redis refuses a command or goes away.
 */
export async function send(redis: RedisClient, request: OutgoingRequest, stop: Promise<void>): Promise<Answer> {
  const { type, stream, fields, timeoutSeconds, ref = randomUUID() } = request;
  const calls = new Calls({ dial: () => Promise.resolve(aside(redis)), connections: 1, redials: false });
  const stopped = new AbortController();
  void stop.then(() => stopped.abort(interruption));
  try {
    if (request.ref !== undefined) await mustBeFree(redis, stream, request.ref);
    const id = await calls.add(stream, ref, { ...asksForReply, ...fields });
    const text = await calls.reply(ref, timeoutSeconds * 1000, stopped.signal).catch(unlessInterrupted);
    if (typeof text === 'string') return { kind: 'reply', text };
    const silence = await observeSilence(redis, stream, id);
    return text === undefined
      ? {
        kind: 'silence',
        exitCode: exitCodes.timedOut,
        why: explainSilence(silence, { type, stream, id, timeoutSeconds }),
      }
      : { kind: 'silence', exitCode: exitCodes.interrupted, why: explainSilence(silence, { type, stream, id }) };
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw new Failure(`the request on ${stream} failed: Redis says "${messageOf(error)}"`, exitCodes.failed, {
      cause: error,
    });
  } finally {
    await calls.close(interruption);
  }
}

function aside(redis: RedisClient): RedisClient {
  const client = another(redis);
  client.on('error', () => undefined); // told by the command that meets it
  return client;
}

function unlessInterrupted(error: unknown): typeof interruption {
  if (error !== interruption) throw error;
  return interruption;
}

/** Prints an answer: for the eye on a terminal, on one line otherwise. */
export function printAnswer(answer: Answer, io: Io): ExitCode {
  if (answer.kind === 'silence') {
    io.err(answer.why);
    return answer.exitCode;
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
