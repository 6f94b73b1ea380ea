/** The words of `redisworker up`. */
import type { Command } from 'commander';
import type { Io } from './io.ts';
import { usualPagePort } from './page-port.ts';
import { tlsFilesOf, type TlsOptions, withRedisOptions } from './redis-options.ts';
import { type ModuleFlags, readModuleFlags, withModuleFlags } from './module-flags.ts';
import { examples, sessionOption, wholeNumber } from './words.ts';

interface Flags extends TlsOptions, ModuleFlags {
  redis?: string;
  metricsPort?: number;
  pagePort?: number;
  page: boolean;
  verbose?: true;
  name: string;
}

/** Adds `up` to the program. */
export function addUpCommand(root: Command, io: Io): void {
  const command = root.command('up')
    .description('run the workers of manifest files, or of modules, on this machine, until Ctrl-C')
    .argument(
      '<files...>',
      'manifest files, folders of them, or modules such as greet.ts; what is saved takes effect at once',
    );
  withModuleFlags(withRedisOptions(command, 'use this Redis; without it a redis-server of its own is started'))
    .option(
      '--metrics-port <port>',
      'serve /healthz, /readyz and /metrics on this port of 127.0.0.1',
      wholeNumber(0, 65_535),
    )
    .option(
      '--page-port <port>',
      `serve the status page on this port of 127.0.0.1 [${usualPagePort}, or any other when that is taken]`,
      wholeNumber(0, 65_535),
    )
    .option('--no-page', 'serve no status page')
    .option('-v, --verbose', 'also tell what the operator does, step by step')
    .addOption(sessionOption())
    .addHelpText(
      'after',
      `${
        examples([
          ['up examples/', 'every manifest of a folder'],
          ['up greet.ts --allow-net api.example.com:443', 'a module without a manifest; its worker is "greet"'],
          ['up worker.yaml --redis redis://127.0.0.1:6379', 'with a Redis that runs already'],
        ])
      }

A manifest that is wrong keeps the others running. With none that can be run, or a Redis that does not answer, it ends with exit code 1.`,
    )
    .action(async (files: string[], flags: Flags) => {
      const { name, redis: redisUrl, metricsPort, pagePort, page, verbose, ...more } = flags;
      const { allowNet, allowEnv, secrets, consumers, runtime, ...rest } = more;
      const { up } = await import('./up.ts'); // the whole operator, which the quick commands do not wait for
      await up(
        {
          files,
          name,
          redisUrl,
          tlsFiles: tlsFilesOf(rest),
          metricsPort,
          pagePort: page ? pagePort ?? 'usual' : undefined,
          verbose,
          settings: readModuleFlags({ allowNet, allowEnv, secrets, consumers, runtime }),
        },
        io,
        io.interrupted(),
      );
    });
}
