/** docs/reference/cli.md and operator.md: what the commands say of themselves. */
import type { Command } from 'commander';
import { redisworker } from '../../cli/main.ts';
import { operatorCommand } from '../../operator/config.ts';
import { generated } from './table.ts';

const nowhere = {
  out: () => undefined,
  err: () => undefined,
  input: () => Promise.resolve(''),
  terminal: false,
  colours: { out: false, err: false },
  interrupted: () => new Promise<void>(() => undefined),
  environment: {},
};

/** The page of the command line. */
export function cliPage(): string {
  const root = redisworker({ io: nowhere, words: [], finish: () => undefined });
  return [
    generated,
    '',
    '# Command line',
    '',
    'What `redisworker help COMMAND` prints.',
    '',
    ...[root, ...below(root)].flatMap((command) => [`## ${fullName(command)}`, '', ...help(command)]),
  ].join('\n');
}

/** The page of the operator's flags. */
export function operatorPage(): string {
  return [
    generated,
    '',
    '# Flags of the operator',
    '',
    'The [chart](../../charts/redis-worker-operator/README.md) sets them from its values; `extraArgs` takes any other. Words in brackets say what counts without the flag: an environment variable, or something else.',
    '',
    ...help(operatorCommand({})),
  ].join('\n');
}

function below(command: Command): Command[] {
  return command.commands.filter((one) => one.name() !== 'help').flatMap((one) => [one, ...below(one)]);
}

function fullName(command: Command): string {
  return command.parent ? `${fullName(command.parent)} ${command.name()}` : command.name();
}

function help(command: Command): string[] {
  let text = '';
  command.configureOutput({ writeOut: (more) => (text += more), getOutHelpWidth: () => 110 });
  command.outputHelp();
  return ['```text', text.trimEnd(), '```', ''];
}
