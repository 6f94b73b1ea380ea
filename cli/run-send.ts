/** `redisworker send`, with what the command line leaves out taken from the running session. */
import { setTimeout as delay } from 'node:timers/promises';
import { encodeRequest, parseRequest, requestFields } from '../contract/request.ts';
import type { KubeObject } from '../operator/cluster/cluster.ts';
import type { TlsFiles } from '../operator/default-redis-tls.ts';
import { announce } from './announce.ts';
import { type ExitCode, exitCodes, Failure } from './failure.ts';
import type { Io } from './io.ts';
import { connectRedis } from './redis.ts';
import { printAnswer, readJson, send } from './send.ts';
import type { Target } from './redis-target.ts';
import { findTarget } from './target.ts';
import { readyReplicas } from './worker-type.ts';

const lookEveryMs = 500;

/** The words of the command. */
export interface SendCommand {
  readonly type: string;
  /** JSON text, or `-` for standard input; absent for a request without `data`. */
  readonly json: string | undefined;
  readonly session: string;
  readonly timeoutSeconds: number;
  readonly namespace?: string | undefined;
  readonly redisUrl?: string | undefined;
  readonly tlsFiles: TlsFiles | undefined;
  readonly stream?: string;
  readonly ref?: string;
  readonly fields: Readonly<Record<string, string>>;
  /** The URL that the older form of the contract has in the place of the type. */
  readonly workerUrl?: string;
}

/**
 * Sends, prints the answer and tells the exit code. While it waits, it says why the worker is not ready.
 * @throws Failure when the request is wrong, the worker cannot run, or no Redis can be used.
 */
export async function runSend(command: SendCommand, io: Io, stop: Promise<void>): Promise<ExitCode> {
  mustBeReference(command);
  const fields = await fieldsOf(command, io);
  const target = await findTarget({ ...command, keysNamed: command.stream !== undefined }, io);
  mustBeAbleToRun(await target.worker?.());
  const redis = await connectRedis(target.redisUrl, target);
  const answered = new AbortController();
  try {
    const { type, timeoutSeconds, ref, stream = target.requestStream } = command;
    void tellStandings(target, io, answered.signal);
    const request = { type, fields, timeoutSeconds, stream, ...(ref === undefined ? {} : { ref }) };
    return printAnswer(await send(redis, request, stop), io);
  } finally {
    answered.abort();
    redis.disconnect();
  }
}

async function fieldsOf({ type, json, fields, workerUrl }: SendCommand, io: Io): Promise<Record<string, string>> {
  if (json === undefined && Object.keys(fields).length === 0) {
    throw new Failure(
      `the request is missing: write it behind the type, as in send ${type} '{"name":"Ada"}', or in fields with --field`,
      exitCodes.usage,
    );
  }
  return {
    ...(workerUrl === undefined ? { [requestFields.type]: type } : { [requestFields.workerUrl]: workerUrl }),
    ...(json === undefined ? {} : { [requestFields.data]: await readJson(json, io) }),
    ...fields,
  };
}

function mustBeReference({ ref, type }: SendCommand): void {
  if (ref === undefined || parseRequest(encodeRequest(ref, type, ''), { type }).kind === 'request') return;
  throw new Failure('--ref takes 1 to 512 bytes without control characters', exitCodes.usage);
}

/** A worker that is stalled and has no consumer left from before answers nobody. */
function mustBeAbleToRun(worker: KubeObject | undefined): void {
  if (worker === undefined || readyReplicas(worker) > 0) return;
  const { standing, line } = announce(worker);
  if (standing === 'stalled') throw new Failure(`${line}; nothing was sent`);
}

/** Tells how the worker stands as long as no consumer of it is ready, whenever that changes. */
async function tellStandings({ worker: look }: Target, io: Io, answered: AbortSignal): Promise<void> {
  const isOver = (): boolean => answered.aborted;
  for (let last = ''; !isOver();) {
    const worker = await look?.().catch(() => undefined); // a session that ends is told by its Redis
    if (worker === undefined || isOver()) return;
    const { line } = announce(worker);
    if (readyReplicas(worker) === 0 && line !== last) io.err(last = line);
    await delay(lookEveryMs, undefined, { signal: answered }).catch(() => undefined);
  }
}
