/** `redisworker send --rhai`: a task as a dispatcher pushes it, and what became of it. */
import { randomUUID } from 'node:crypto';
import { usualTasks } from '../operator/page/worker-streams.ts';
import type { TaskPlace } from '../operator/redis/requests/worker-streams.ts';
import type { TlsFiles } from '../operator/default-redis-tls.ts';
import { type ExitCode, exitCodes, Failure } from './failure.ts';
import type { Io } from './io.ts';
import { pushTask, type TaskEnd } from './push-task.ts';
import { connectRedis } from './redis.ts';
import type { Target } from './redis-target.ts';
import { findTarget } from './target.ts';
import { textOf } from './text-of.ts';

/** The words of the command. */
export interface SendTask {
  readonly type: string;
  /** The script, `@` and the path of its file, or `-` for standard input. */
  readonly script: string | undefined;
  readonly session: string;
  readonly timeoutSeconds: number;
  readonly namespace?: string | undefined;
  readonly redisUrl?: string | undefined;
  readonly tlsFiles: TlsFiles | undefined;
  /** Key of the list, when the worker is not known here. */
  readonly stream?: string;
  readonly ref?: string;
  readonly caller?: string;
}

/** Sends, waits for the end and prints the output. @throws Failure with the error of the script, or without a list */
export async function sendTask(command: SendTask, io: Io, stop: Promise<void>): Promise<ExitCode> {
  const script = await scriptOf(command, io);
  const target = await findTarget({ ...command, keysNamed: command.stream !== undefined }, io);
  const place = placeOf(command, target);
  const redis = await connectRedis(target.redisUrl, target);
  try {
    const { ref: id = randomUUID(), caller = '', timeoutSeconds } = command;
    const interruption = new AbortController();
    void stop.then(() => interruption.abort());
    return printed(await pushTask(redis, place, { id, script, caller, timeoutSeconds }, interruption.signal), io);
  } finally {
    redis.disconnect();
  }
}

async function scriptOf({ script, type }: SendTask, io: Io): Promise<string> {
  if (script === undefined) {
    throw new Failure(
      `the script is missing: write it behind the type, as in send ${type} --rhai '40 + 2', or @ and the path of its file`,
      exitCodes.usage,
    );
  }
  if (script === '-') return await textOf(script, io);
  return script.startsWith('@') ? await textOf(script.slice(1), io) : script; // no Rhai begins with it
}

function placeOf({ stream, type }: SendTask, { tasks }: Target): TaskPlace {
  if (tasks !== undefined) return stream === undefined ? tasks : { ...tasks, queue: stream };
  if (stream !== undefined) return usualTasks(stream);
  throw new Failure(
    `no list of tasks is known of the type "${type}": name the one of a worker outside of a session with --stream rhai_tasks:<circle>`,
    exitCodes.usage,
  );
}

function printed(end: TaskEnd, io: Io): ExitCode {
  switch (end.kind) {
    case 'completed':
      io.out(end.text);
      return exitCodes.ok;
    case 'error':
      throw new Failure(end.text);
    case 'late':
    case 'interrupted':
      io.err(end.why);
      return end.kind === 'late' ? exitCodes.timedOut : exitCodes.interrupted;
  }
}
