/** The words of `redisworker doctor`. */
import { type Command, Option } from 'commander';
import type { ExitCode } from './failure.ts';
import type { Io } from './io.ts';
import { program } from './program.ts';
import { tlsFilesOf, type TlsOptions, withRedisOptions } from './redis-options.ts';
import { examples, sessionOption } from './words.ts';

interface Flags extends TlsOptions {
  redis?: string;
  output?: 'json' | 'yaml';
  name: string;
}

/** Adds `doctor` to the program. */
export function addDoctorCommand(root: Command, io: Io, finish: (code: ExitCode) => void): void {
  const command = root.command('doctor')
    .description(
      'tell what a Redis is and what that means for workers, with the fix of each problem; it writes nothing',
    )
    .argument('[file]', 'manifest file: examine the Redis of its workers, and what they have there');
  withRedisOptions(
    command,
    `Redis to examine; without it that of the manifest, of the running "${program} up", or of $REDIS_URL`,
  )
    .addOption(new Option('-o, --output <form>', 'the findings as a document').choices(['json', 'yaml']))
    .addOption(sessionOption())
    .addHelpText(
      'after',
      `${
        examples([
          ['doctor --redis redis://redis.example:6379', 'the variable REDISCLI_AUTH holds its password'],
          ['doctor worker.yaml', 'the Redis spec.redis names, the rights of its login, its streams and hashes'],
        ])
      }

Exit codes: 0 no problem (there may be warnings), 1 a problem, 2 wrong call.`,
    )
    .action(async (file: string | undefined, { redis, output, name, ...rest }: Flags) => {
      const { doctor } = await import('./doctor.ts'); // the parser of manifests, which the quick commands do not wait for
      finish(await doctor({ file, redisUrl: redis, tlsFiles: tlsFilesOf(rest), session: name, output }, io));
    });
}
