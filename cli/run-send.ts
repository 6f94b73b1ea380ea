/** `redisworker send`, with what the command line leaves out taken from the running session. */
import { requestStreamKey } from '../contract/keys.ts';
import { encodeRequest, parseRequest } from '../contract/request.ts';
import { fetchWorkers } from './endpoint.ts';
import { exitCodes, Failure, type ExitCode } from './failure.ts';
import type { Io } from './io.ts';
import { connectRedis } from './redis.ts';
import { printAnswer, readJson, send } from './send.ts';
import { readSession, sessionFiles } from './session-files.ts';
import { requestStream, workerType } from './worker-type.ts';

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
  const target = await findTarget(command, io);
  const redis = await connectRedis(target.redisUrl, io.environment.redisPassword);
  try {
    const { type, timeoutSeconds, ref } = command;
    return printAnswer(await send(redis, { type, data, timeoutSeconds, stream: target.stream, ...(ref === undefined ? {} : { ref }) }), io);
  } finally {
    redis.disconnect();
  }
}

function mustBeReference({ ref, type }: SendCommand): void {
  if (ref === undefined || parseRequest(encodeRequest(ref, type, ''), { type }).kind === 'request') return;
  throw new Failure('--ref takes 1 to 256 characters without spaces', exitCodes.usage);
}

/** Redis and request stream: as the command says, else as the running session knows. */
async function findTarget(command: SendCommand, io: Io): Promise<{ redisUrl: string; stream: string }> {
  const { type, redisUrl } = command;
  if (redisUrl !== undefined) return { redisUrl, stream: command.stream ?? requestStreamKey(type) };
  const files = await sessionFiles(command.session, io.environment);
  const [session, workers] = await Promise.all([readSession(files), fetchWorkers(files.socket)]);
  if (session === undefined || workers === undefined) {
    throw new Failure('no "redisworker up" is running here, so the Redis is not known: name it with --redis redis://host:port');
  }
  const worker = workers.find((candidate) => workerType(candidate) === type);
  const stream = command.stream ?? (worker && requestStream(worker));
  if (stream === undefined) {
    const known = workers.map(workerType).join(', ') || 'none';
    throw new Failure(`the running session has no worker of type "${type}"; it has: ${known}. Name the stream of a worker outside it with --stream`);
  }
  return { redisUrl: session.redisUrl, stream };
}
