/** The words of `redisworker trace`. */
import { type Command, Option } from 'commander';
import { deadLetterStreamKey, requestStreamKey, responseStreamKey } from '../contract/keys.ts';
import type { ExitCode } from './failure.ts';
import type { Io } from './io.ts';
import { tlsFilesOf, type TlsOptions } from './redis-options.ts';
import { examples, sessionOption, wholeNumber, withSessionRedis } from './words.ts';

interface Flags extends TlsOptions {
  redis?: string;
  limit: number;
  output?: 'json';
  stream?: string;
  responseStream?: string;
  deadStream?: string;
  name: string;
}

/** Adds `trace` to the program. */
export function addTraceCommand(root: Command, io: Io, finish: (code: ExitCode) => void): void {
  const command = root.command('trace')
    .description('tell what became of one request; it takes nothing away, not even the reply')
    .argument('<type>', 'worker type')
    .argument('<ref>', 'reference of the request');
  withSessionRedis(command)
    .addOption(new Option('-o, --output <form>', 'everything as a document').choices(['json']))
    .option(
      '--limit <count>',
      'entries of each stream that are looked at, newest first',
      wholeNumber(1, 10_000_000),
      10_000,
    )
    .option('--stream <key>', `request stream, when the manifest names another than ${requestStreamKey('<type>')}`)
    .option('--response-stream <key>', `response stream, when it names another than ${responseStreamKey('<type>')}`)
    .option('--dead-stream <key>', `dead-letter stream, when it names another than ${deadLetterStreamKey('<type>')}`)
    .addOption(sessionOption())
    .addHelpText(
      'after',
      `${
        examples([
          ['trace demo-worker order-17', 'where it is, how it was answered, what every service noted'],
          [
            'trace demo-worker order-17 --redis redis://redis.example:6379 -o json',
            'of a worker elsewhere, for a program',
          ],
        ])
      }

Exit codes: 0 something is known of it, 1 nothing is known or Redis cannot be used, 2 wrong call.`,
    )
    .action(
      async (
        type: string,
        ref: string,
        { redis, limit, output, stream, responseStream, deadStream, name, ...rest }: Flags,
      ) => {
        const { trace } = await import('./trace.ts');
        finish(
          await trace({
            type,
            ref,
            session: name,
            redisUrl: redis,
            tlsFiles: tlsFilesOf(rest),
            limit,
            output,
            requestStream: stream,
            responseStream,
            deadLetterStream: deadStream,
          }, io),
        );
      },
    );
}
