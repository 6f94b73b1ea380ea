/** The command line `redisworker`: which commands there are. Their words and what they do are in the files of each. */
import { Command, CommanderError } from 'commander';
import { version } from '../operator/version.ts';
import { addBuildCommand } from './build-command.ts';
import { addDeployCommand } from './deploy-command.ts';
import type { Call } from './cluster-words.ts';
import { addCallCommand } from './call-command.ts';
import { addCompletionCommand } from './completion-command.ts';
import { addDeadCommand } from './dead-command.ts';
import { addDoctorCommand } from './doctor-command.ts';
import { exitCodes, Failure } from './failure.ts';
import { type Io, processIo } from './io.ts';
import { addHatsCommand } from './hats-command.ts';
import { addPageCommand } from './page-command.ts';
import { program } from './program.ts';
import { addInitCommand } from './init-command.ts';
import { addLogsCommand } from './logs-command.ts';
import { addRenderCommand } from './render-command.ts';
import { addResolveCommand } from './resolve-command.ts';
import { addRhaiCommand } from './rhai-command.ts';
import { addSchemaCommand } from './schema-command.ts';
import { addSendCommand } from './send-command.ts';
import { addStatusCommands } from './status-command.ts';
import { addTestCommand } from './test-command.ts';
import { addTopCommand } from './top-command.ts';
import { addTraceCommand } from './trace-command.ts';
import { addUpCommand } from './up-command.ts';
import { addValidateCommand } from './validate-command.ts';
import { examples, tellWrongCalls, withoutVainHelp } from './words.ts';

/**
 * Runs one command.
 * @param argv the words after `redisworker`
 * @returns the exit code
 */
export async function main(argv: readonly string[], io: Io = processIo()): Promise<number> {
  let exitCode: number = exitCodes.ok;
  const root = redisworker({ io, words: argv, finish: (code) => (exitCode = code) });
  try {
    await root.parseAsync(withoutVainHelp(root, argv), { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
    if (!(error instanceof Failure)) throw error;
    io.err(error.message);
    return error.exitCode;
  }
}

/** All commands, ready to be run. */
export function redisworker(call: Call): Command {
  const { io, finish } = call;
  const root = new Command(program)
    .description('Redis-driven workers: one TypeScript file, one manifest; on a laptop and in a cluster.')
    .version(version, '--version', 'print the version')
    .exitOverride()
    .configureOutput({ writeOut: (text) => io.out(text.trimEnd()), writeErr: (text) => io.err(text.trimEnd()) })
    .addHelpText(
      'after',
      examples([
        ['init greeter', 'a folder with a new worker'],
        ['up worker.yaml', 'run the workers of a manifest here; Ctrl-C ends them'],
        [`send demo-worker '{"name":"Ada"}'`, 'in a second terminal: ask it something'],
        ['test greeter.test.yaml', 'ask what a file says, and compare the replies with it'],
        ['status', 'what is running, and how it does'],
        ['logs demo-worker -f', 'what its consumers print'],
        ['top', 'how fast they are, live'],
        ['trace demo-worker order-17', 'what became of one request'],
        ['dead list demo-worker', 'the requests nobody could finish'],
        ['doctor --redis redis://redis.example:6379', 'what a Redis is, and what to mend'],
        ['validate worker.yaml', 'what a cluster would say of it, with the line'],
        ['crd | kubectl apply --server-side -f -', 'make a cluster know RedisWorker'],
      ]),
    );
  addInitCommand(root, io, finish);
  addUpCommand(root, io);
  addBuildCommand(root, io, finish);
  addDeployCommand(root, io, finish);
  addSendCommand(root, call);
  addCallCommand(root, call);
  addTestCommand(root, call);
  addStatusCommands(root, io, finish);
  addLogsCommand(root, io, finish);
  addResolveCommand(root, io, finish);
  addTopCommand(root, io);
  addTraceCommand(root, call);
  addDeadCommand(root, call);
  addHatsCommand(root, call);
  addRhaiCommand(root, io, finish);
  addPageCommand(root, call);
  addDoctorCommand(root, io, finish);
  addValidateCommand(root, io, finish);
  addRenderCommand(root, io, finish);
  addSchemaCommand(root, io);
  root.command('crd').description('print the CustomResourceDefinition of RedisWorker').action(async () =>
    io.out((await import('../operator/api/crd.ts')).crdYaml().trimEnd())
  );
  addCompletionCommand(root, io);
  tellWrongCalls(root);
  return root;
}
