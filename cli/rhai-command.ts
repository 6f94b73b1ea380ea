/** The words of `redisworker rhai`. */
import type { Command } from 'commander';
import type { ExitCode } from './failure.ts';
import type { Io } from './io.ts';
import { examples, wholeNumber } from './words.ts';

interface Flags {
  readonly prelude?: string;
  readonly context: string;
  readonly caller: string;
  readonly timeout: number;
}

/** Adds `rhai run` to the program. */
export function addRhaiCommand(program: Command, io: Io, finish: (code: ExitCode) => void): void {
  const rhai = program.command('rhai')
    .description('scripts in Rhai: try one on this machine')
    .addHelpText('after', examples([['rhai run price.rhai --prelude prelude.rhai', 'as a worker would run it']]));
  rhai.command('run')
    .description('run a script with the engine and the usual limits of a worker, and print what it comes to')
    .argument('<file>', 'the script; "-" reads it from standard input')
    .option('--prelude <file>', 'what comes ahead of it, as spec.source does')
    .option('--context <key>', 'what the script reads as CONTEXT_ID', 'context')
    .option('--caller <key>', 'what the script reads as CALLER_ID', 'caller')
    .option('--timeout <seconds>', 'how long it may run', wholeNumber(1, 86_400), 30)
    .addHelpText(
      'after',
      `${
        examples([
          ['rhai run price.rhai', 'a file'],
          ['rhai run price.rhai --prelude prelude.rhai --caller 03d4e5f6', 'with a prelude, and in whose name'],
        ])
      }

What it prints goes to standard output, what it debugs to standard error. Functions a manifest opens, as redis_get and
http_get, are not there: they need a worker. Exit codes: 0 a value, 1 an error, 2 wrong call.`,
    )
    .action(async (file: string, { timeout, ...flags }: Flags) =>
      finish(await (await import('./rhai-run.ts')).runRhai({ file, timeoutSeconds: timeout, ...flags }, io))
    );
}
