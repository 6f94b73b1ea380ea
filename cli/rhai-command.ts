/** The words of `redisworker rhai`. */
import type { Command } from 'commander';
import type { ExitCode } from './failure.ts';
import type { Io } from './io.ts';
import { tlsFilesOf, type TlsOptions, withRedisOptions } from './redis-options.ts';
import { examples, wholeNumber } from './words.ts';

interface Flags extends TlsOptions {
  readonly prelude?: string;
  readonly context: string;
  readonly caller: string;
  readonly timeout: number;
  readonly redis?: string;
  readonly redisKey: readonly string[];
  readonly allowNet?: readonly string[];
}

/** Adds `rhai run` to the program. */
export function addRhaiCommand(program: Command, io: Io, finish: (code: ExitCode) => void): void {
  const rhai = program.command('rhai')
    .description('scripts in Rhai: try one on this machine')
    .addHelpText('after', examples([['rhai run price.rhai --prelude prelude.rhai', 'as a worker would run it']]));
  const command = rhai.command('run')
    .description('run a script with the engine and the usual limits of a worker, and print what it comes to')
    .argument('<file>', 'the script; "-" reads it from standard input')
    .option('--prelude <file>', 'what comes ahead of it, as spec.source does')
    .option('--context <key>', 'what the script reads as CONTEXT_ID', 'context')
    .option('--caller <key>', 'what the script reads as CALLER_ID', 'caller')
    .option('--timeout <seconds>', 'how long it may run', wholeNumber(1, 86_400), 30);
  withRedisOptions(command, 'give it the functions redis_get and its like on this Redis')
    .option('--redis-key <patterns...>', 'keys it may use there, as in spec.redis.keys', ['*'])
    .option('--allow-net <hosts...>', 'give it http_get of these hosts, as in permissions.net')
    .addHelpText(
      'after',
      `${
        examples([
          ['rhai run price.rhai', 'a file'],
          ['rhai run price.rhai --prelude prelude.rhai --caller 03d4e5f6', 'with a prelude, and in whose name'],
          [`rhai run price.rhai --redis redis://localhost:6379 --redis-key 'shop:*'`, 'with the keys of a shop'],
          ['rhai run rates.rhai --allow-net rates.example.com', 'with http_get'],
        ])
      }

What it prints goes to standard output, what it debugs and its progress to standard error. The variable REDISCLI_AUTH
holds the password of the Redis. Exit codes: 0 a value, 1 an error, 2 wrong call.`,
    )
    .action(async (
      file: string,
      { timeout, redis, redisKey, allowNet = [], prelude, context, caller, ...rest }: Flags,
    ) =>
      finish(
        await (await import('./rhai-run.ts')).runRhai({
          file,
          context,
          caller,
          timeoutSeconds: timeout,
          redisUrl: redis,
          redisKeys: redisKey,
          allowNet,
          tlsFiles: tlsFilesOf(rest),
          ...(prelude === undefined ? {} : { prelude }),
        }, io),
      )
    );
}
