/** `redisworker rhai run`: a script by the engine of the workers, in this process. */
import type { Host } from '../worker/rhai/engine.ts';
import { type ExitCode, exitCodes, Failure, messageOf } from './failure.ts';
import type { Io } from './io.ts';
import { openRhai } from './rhai-engine.ts';
import { textOf } from './text-of.ts';

/** The words of the command. */
export interface RhaiRun {
  /** Path of the script, or `-` for standard input. */
  readonly file: string;
  /** Path of what comes ahead of it. */
  readonly prelude?: string;
  readonly context: string;
  readonly caller: string;
  readonly timeoutSeconds: number;
}

/** Prints what the script prints and what it comes to. @returns 1 when it ends with an error */
export async function runRhai(words: RhaiRun, io: Io): Promise<ExitCode> {
  const { file, prelude, context, caller, timeoutSeconds } = words;
  const script = await textOf(file, io);
  const before = prelude === undefined ? '' : await textOf(prelude, io);
  const engine = await openRhai({ contextId: context, prelude: before }, hostOf(timeoutSeconds, io)).catch(
    (error: unknown) => {
      throw new Failure(`the prelude ${prelude ?? ''} cannot be used: ${messageOf(error)}`, exitCodes.failed, {
        cause: error,
      });
    },
  );
  const { kind, text } = engine.run(script, caller);
  if (kind === 'error') throw new Failure(text);
  io.out(text);
  return exitCodes.ok;
}

function hostOf(timeoutSeconds: number, io: Io): Host {
  const endMs = performance.now() + timeoutSeconds * 1000;
  return {
    stopped: () => performance.now() > endMs,
    print: (level, text) => (level === 'print' ? io.out(text) : io.err(text)),
    ask: () => new Uint8Array(), // it has no function that asks
  };
}
