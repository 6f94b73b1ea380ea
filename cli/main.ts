/** The command line `redisworker`: what its words mean. What they do is in the file of each command. */
import { Command, CommanderError, Option } from 'commander';
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { requestStreamKey } from '../contract/keys.ts';
import { crdYaml, printerColumns } from '../operator/api/crd.ts';
import { addDeadCommand } from './dead-command.ts';
import { exitCodes, Failure } from './failure.ts';
import { interrupted, type Io, processIo } from './io.ts';
import { runSend } from './run-send.ts';
import { type OutputForm, outputForms, printStatus, watchStatus } from './status.ts';
import { examples, sessionOption, wholeNumber } from './words.ts';

/**
 * Runs one command.
 * @param argv the words after `redisworker`
 * @returns the exit code
 */
export async function main(argv: readonly string[], io: Io = processIo()): Promise<number> {
  let exitCode: number = exitCodes.ok;
  const program = redisworker(io, (code) => (exitCode = code));
  try {
    await program.parseAsync(argv, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
    if (!(error instanceof Failure)) throw error;
    io.err(error.message);
    return error.exitCode;
  }
}

function redisworker(io: Io, finish: (code: number) => void): Command {
  const program = new Command('redisworker')
    .description('Redis-driven workers: one TypeScript file, one manifest; on a laptop and in a cluster.')
    .version(packageVersion(), '--version', 'print the version')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.out(text.trimEnd()),
      writeErr: (text) => io.err(text.trimEnd()),
      outputError: (text, write) => write(`${text.replace(/^error: /, '').trimEnd()}; see "redisworker --help"`),
    })
    .addHelpText(
      'after',
      examples([
        ['redisworker up examples/demo-worker.yaml', 'run a worker here; Ctrl-C ends it'],
        [`redisworker send demo-worker '{"name":"Ada"}'`, 'in a second terminal: ask it something'],
        ['redisworker status', 'what is running, and how it does'],
        ['redisworker dead list demo-worker', 'the requests nobody could finish'],
        ['redisworker crd | kubectl apply --server-side -f -', 'make a cluster know RedisWorker'],
      ]),
    );
  program.addCommand(upCommand(io).copyInheritedSettings(program));
  program.addCommand(sendCommand(io, finish).copyInheritedSettings(program));
  program.addCommand(statusCommand(io).copyInheritedSettings(program));
  addDeadCommand(program, io);
  program.addCommand(
    new Command('crd').description('print the CustomResourceDefinition of RedisWorker').action(() =>
      io.out(crdYaml().trimEnd())
    ).copyInheritedSettings(program),
  );
  return program;
}

function upCommand(io: Io): Command {
  interface Flags {
    redis?: string;
    metricsPort?: number;
    verbose?: true;
    name: string;
  }
  return new Command('up')
    .description('run the workers of manifest files on this machine, until Ctrl-C')
    .argument('<files...>', 'manifest files, or folders of them; a changed file takes effect at once')
    .option('--redis <url>', 'use this Redis; without it a redis-server of its own is started')
    .option(
      '--metrics-port <port>',
      'serve /healthz, /readyz and /metrics on this port of 127.0.0.1',
      wholeNumber(0, 65_535),
    )
    .option('-v, --verbose', 'also tell what the operator does, step by step')
    .addOption(sessionOption())
    .addHelpText(
      'after',
      examples([
        ['redisworker up examples/', 'every manifest of a folder'],
        ['redisworker up worker.yaml --redis redis://127.0.0.1:6379', 'with a Redis that runs already'],
      ]),
    )
    .action(async (files: string[], flags: Flags) => {
      const { up } = await import('./up.ts'); // the whole operator, which the quick commands do not wait for
      const { name, redis: redisUrl, metricsPort, verbose } = flags;
      await up({ files, name, redisUrl, metricsPort, verbose }, io, interrupted());
    });
}

function sendCommand(io: Io, finish: (code: number) => void): Command {
  interface Flags {
    redis?: string;
    timeout: number;
    ref?: string;
    stream?: string;
    name: string;
  }
  return new Command('send')
    .description('send one request to the workers of a type and print the reply')
    .argument('<type>', 'worker type')
    .argument('<json>', 'the request; "-" reads it from standard input')
    .option('--redis <url>', 'Redis of the worker; without it that of the running "redisworker up"')
    .option('--timeout <seconds>', 'how long to wait for the reply', wholeNumber(1, 86_400), 30)
    .option('--ref <ref>', 'reference of the request; without it a random one')
    .option('--stream <key>', `request stream, when the manifest names another than ${requestStreamKey('<type>')}`)
    .addOption(sessionOption())
    .addHelpText(
      'after',
      examples([
        [`redisworker send demo-worker '{"name":"Ada"}'`, 'to a worker of the running "redisworker up"'],
        [
          `REDISCLI_AUTH=secret redisworker send demo-worker '{}' --redis redis://redis.example:6379`,
          'to a worker elsewhere',
        ],
      ]) + '\nExit codes: 0 success, 1 error code in the reply or Redis not usable, 2 wrong call, 3 no reply in time.',
    )
    .action(async (type: string, json: string, { redis, timeout, name, ...rest }: Flags) =>
      finish(await runSend({ type, json, session: name, redisUrl: redis, timeoutSeconds: timeout, ...rest }, io))
    );
}

function statusCommand(io: Io): Command {
  interface Flags {
    output?: OutputForm;
    watch?: true;
    name: string;
  }
  return new Command('status')
    .description('show the workers of the running "redisworker up", as "kubectl get redisworkers" does in a cluster')
    .argument('[workers...]', 'names or types; without them all')
    .addOption(new Option('-o, --output <form>', 'more columns, or the objects').choices(outputForms))
    .option('-w, --watch', 'go on showing changes, until Ctrl-C')
    .addOption(sessionOption())
    .addHelpText('after', examples([['redisworker status demo-worker -o yaml', 'everything about one worker']]))
    .action((names: string[], { output, watch, name }: Flags) => {
      const options = { session: name, names, output };
      if (watch === undefined) return printStatus(options, printerColumns, io);
      if (output !== undefined && output !== 'wide') {
        throw new Failure(`--watch shows the table: leave out "-o ${output}"`, exitCodes.usage);
      }
      return watchStatus(options, printerColumns, io, interrupted());
    });
}

function packageVersion(): string {
  const file = new URL('../package.json', import.meta.url);
  return z.object({ version: z.string() }).parse(JSON.parse(readFileSync(file, 'utf8'))).version;
}
