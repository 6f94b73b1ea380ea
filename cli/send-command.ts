/** The words of `redisworker send`. */
import type { Command } from 'commander';
import { requestStreamKey } from '../contract/keys.ts';
import { type Call, inClusterHelp, whereItIs, withCluster } from './cluster-words.ts';
import type { ClusterFlags } from './in-operator.ts';
import { exitCodes, Failure } from './failure.ts';
import { program } from './program.ts';
import { addField } from './request-fields.ts';
import { tlsFilesOf, type TlsOptions } from './redis-options.ts';
import { examples, sessionOption, wholeNumber, withSessionRedis } from './words.ts';

interface Flags extends TlsOptions, ClusterFlags {
  redis?: string;
  timeout: number;
  ref?: string;
  stream?: string;
  field?: Readonly<Record<string, string>>;
  workerUrl?: string;
  rhai?: true;
  caller?: string;
  name: string;
}

/** Adds `send` to the program. */
export function addSendCommand(root: Command, call: Call): void {
  const { io } = call;
  const command = root.command('send')
    .description('send one request to the workers of a type and print the reply')
    .argument('<type>', 'worker type')
    .argument('[json]', 'the field "data" of the request, or the script of a task; "-" reads it from standard input');
  withCluster(withSessionRedis(command))
    .option('--timeout <seconds>', 'how long to wait for the reply', wholeNumber(1, 86_400), 30)
    .option('--ref <ref>', 'reference of the request; without it a random one')
    .option('--field <name=value>', 'a further field of the request; may be given again', addField)
    .option('--worker-url <url>', 'the field "workerUrl", which older workers take in the place of "type"')
    .option('--rhai', 'send a task to a worker with runtime: Rhai instead: a script, or @ and the path of its file')
    .option('--caller <key>', 'what the script of a task reads as CALLER_ID')
    .option('--stream <key>', `request stream, when the manifest names another than ${requestStreamKey('<type>')}`)
    .addOption(sessionOption())
    .addHelpText(
      'after',
      `${
        examples([
          [`send demo-worker '{"name":"Ada"}'`, `to a worker of the running "${program} up"`],
          [`send resize --field width=80 --field url=https://example.com/a.png`, 'fields instead of JSON'],
          [`send pricing --rhai 'gross(10.0)'`, 'a script; send pricing --rhai @price.rhai takes it from a file'],
          [
            `send demo-worker '{}' --redis redis://redis.example:6379`,
            'to a worker elsewhere; the variable REDISCLI_AUTH holds the password of its Redis',
          ],
        ])
      }

${inClusterHelp}

Exit codes: 0 success, 1 error code in the reply, worker cannot run or Redis not usable, 2 wrong call, 3 no reply in time.`,
    )
    .action((type: string, json: string | undefined, { redis, timeout, name, field, rhai, caller, ...rest }: Flags) => {
      const tlsFiles = tlsFilesOf(rest);
      const words = {
        type,
        session: name,
        redisUrl: redis,
        tlsFiles,
        timeoutSeconds: timeout,
        ...rest,
      };
      mustBeOfOneKind(rhai, [['--field', field], ['--worker-url', rest.workerUrl]], caller);
      return whereItIs(
        { redis, ...rest },
        call,
        async () =>
          rhai
            ? (await import('./send-task.ts')).sendTask(
              { ...words, script: json, ...(caller === undefined ? {} : { caller }) },
              io,
              io.interrupted(),
            )
            : (await import('./run-send.ts')).runSend({ ...words, json, fields: field ?? {} }, io, io.interrupted()),
      );
    });
}

/** @throws Failure (usage) for an option that the other kind has */
function mustBeOfOneKind(
  rhai: true | undefined,
  ofRequests: readonly (readonly [name: string, value: unknown])[],
  caller: string | undefined,
): void {
  const wrong = ofRequests.find(([, value]) => value !== undefined)?.[0];
  if (rhai && wrong !== undefined) throw new Failure(`${wrong} is of requests, not of tasks`, exitCodes.usage);
  if (!rhai && caller !== undefined) throw new Failure('--caller is of tasks: it takes --rhai', exitCodes.usage);
}
