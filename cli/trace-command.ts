/** The words of `redisworker trace`. */
import { type Command, Option } from 'commander';
import { deadLetterStreamKey, requestStreamKey, responseStreamKey } from '../contract/keys.ts';
import { type Call, inClusterHelp, whereItIs, withCluster } from './cluster-words.ts';
import type { ClusterFlags } from './in-operator.ts';
import { tlsFilesOf, type TlsOptions } from './redis-options.ts';
import { examples, sessionOption, wholeNumber, withSessionRedis } from './words.ts';

interface Flags extends TlsOptions, ClusterFlags {
  redis?: string;
  limit: number;
  output?: 'json';
  stream?: string;
  responseStream?: string;
  deadStream?: string;
  queue?: string;
  name: string;
}

/** Adds `trace` to the program. */
export function addTraceCommand(root: Command, call: Call): void {
  const command = root.command('trace')
    .description(
      'tell the whole path of one request, across the workers that passed it on, or of one task; it takes nothing away, not even the reply',
    )
    .usage('[options] [type] <ref>')
    .argument('<type>', 'worker type; without it every worker there is')
    .argument('[ref]', 'reference of the request, or id of the task');
  withCluster(withSessionRedis(command))
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
    .option('--queue <key>', 'list of tasks, of a worker with runtime: Rhai outside of the session')
    .addOption(sessionOption())
    .addHelpText(
      'after',
      `${
        examples([
          ['trace order-17', 'where it is, how it was answered, what every service noted, in every worker'],
          ['trace demo-worker order-17', 'the same of one worker, and of those it passed the request on to'],
          ['trace pricing 42', 'of a task: its place in the list, who has it, what it came to'],
          [
            'trace demo-worker order-17 --redis redis://redis.example:6379 -o json',
            'of a worker elsewhere, for a program',
          ],
        ])
      }

${inClusterHelp}

Exit codes: 0 something is known of it, 1 nothing is known or Redis cannot be used, 2 wrong call.`,
    )
    .action(
      (
        first: string,
        second: string | undefined,
        { redis, limit, output, stream, responseStream, deadStream, queue, name, ...rest }: Flags,
      ) =>
        whereItIs({ redis, ...rest }, call, async () =>
          (await import('./trace.ts')).trace({
            type: second === undefined ? undefined : first,
            ref: second ?? first,
            namespace: rest.namespace,
            session: name,
            redisUrl: redis,
            tlsFiles: tlsFilesOf(rest),
            limit,
            output,
            requestStream: stream,
            responseStream,
            deadLetterStream: deadStream,
            queue,
          }, call.io)),
    );
}
