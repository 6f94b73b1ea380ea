/** `redisworker send`, with what the command line leaves out taken from the running session. */
import { encodeRequest, parseRequest } from '../contract/request.ts';
import { type ExitCode, exitCodes, Failure } from './failure.ts';
import type { Io } from './io.ts';
import { connectRedis } from './redis.ts';
import { printAnswer, readJson, send } from './send.ts';
import { findTarget } from './target.ts';

/** The words of the command. */
export interface SendCommand {
  readonly type: string;
  /** JSON text, or `-` for standard input. */
  readonly json: string;
  readonly session: string;
  readonly timeoutSeconds: number;
  readonly redisUrl?: string | undefined;
  readonly stream?: string;
  readonly ref?: string;
}

/**
 * Sends, prints the answer and tells the exit code.
 * @throws Failure when the JSON is none, or no Redis can be used.
 */
export async function runSend(command: SendCommand, io: Io): Promise<ExitCode> {
  mustBeReference(command);
  const data = await readJson(command.json, io);
  const target = await findTarget({ ...command, keysNamed: command.stream !== undefined }, io);
  const redis = await connectRedis(target.redisUrl, io.environment.redisPassword);
  try {
    const { type, timeoutSeconds, ref } = command;
    return printAnswer(
      await send(redis, {
        type,
        data,
        timeoutSeconds,
        stream: command.stream ?? target.requestStream,
        ...(ref === undefined ? {} : { ref }),
      }),
      io,
    );
  } finally {
    redis.disconnect();
  }
}

function mustBeReference({ ref, type }: SendCommand): void {
  if (ref === undefined || parseRequest(encodeRequest(ref, type, ''), { type }).kind === 'request') return;
  throw new Failure('--ref takes 1 to 256 characters without spaces', exitCodes.usage);
}
