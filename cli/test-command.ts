/** The words of `redisworker test`. */
import { type Command, Option } from 'commander';
import { type Call, isClusterNamed, withCluster } from './cluster-words.ts';
import { exitCodes, Failure } from './failure.ts';
import type { ClusterFlags } from './in-operator.ts';
import { program } from './program.ts';
import { tlsFilesOf, type TlsOptions } from './redis-options.ts';
import { examples, sessionOption, wholeNumber, withSessionRedis } from './words.ts';

interface Flags extends TlsOptions, ClusterFlags {
  redis?: string;
  name: string;
  junit?: string;
  output?: 'json';
  watch?: true;
  readyTimeout: number;
}

/** Adds `test` to the program. */
export function addTestCommand(root: Command, { io, finish }: Call): void {
  const command = root.command('test')
    .description('send the requests of test specs to workers, and compare what comes of them with what is expected')
    .argument('<specs...>', 'YAML or JSON files, folders with *.test.yaml files; "-" reads one from standard input');
  withCluster(withSessionRedis(command))
    .option('--junit <file>', 'also write a report for CI')
    .addOption(new Option('-o, --output <form>', 'the outcome as a document').choices(['json']))
    .option('-w, --watch', 'run again when a spec, a manifest or its code changes, until Ctrl-C')
    .option('--ready-timeout <seconds>', 'how long workers that are started may take', wholeNumber(1, 3600), 60)
    .addOption(sessionOption())
    .addHelpText(
      'after',
      `${
        examples([
          ['test greeter.test.yaml', 'start the workers the spec names, with a Redis of their own, and end them'],
          ['test greeter --watch', 'the specs of a folder, while you write'],
          ['test specs/*.yaml --redis redis://redis.example:6379 --junit report.xml', 'against workers that run'],
          ['test greeter.test.yaml --namespace shop', 'against those of a cluster'],
        ])
      }

A spec that names no manifests is for workers that run already, as is every spec with --redis, --name or --namespace.
Without a word about it they are those of the running "${program} up". "${program} schema --spec" prints what a spec may say.

Exit codes: 0 all passed, 1 a case failed or workers cannot run, 2 wrong call or wrong spec.`,
    )
    .action(
      async (files: string[], { redis, name, junit, output, watch, readyTimeout, ...rest }: Flags, self: Command) => {
        if (watch && files.includes('-')) {
          throw new Failure('--watch follows files: name the spec instead of "-"', exitCodes.usage);
        }
        const { test } = await import('./spec/test.ts');
        finish(
          await test(
            {
              files,
              junit,
              output,
              watch: watch ?? false,
              readySeconds: readyTimeout,
              isNamed: redis !== undefined || isClusterNamed(rest) || self.getOptionValueSource('name') === 'cli',
              cluster: { redis, ...rest },
              where: { session: name, redisUrl: redis, tlsFiles: tlsFilesOf(rest), namespace: rest.namespace },
            },
            io,
            io.interrupted(),
          ),
        );
      },
    );
}
