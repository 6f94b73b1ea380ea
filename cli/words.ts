/** Words that several commands share. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { program } from './program.ts';
import { withRedisOptions } from './redis-options.ts';
import { defaultSession } from './session-name.ts';

/** `--name`: which running session a command means. */
export function sessionOption(): Option {
  return new Option('--name <session>', 'which session, when several run beside each other').default(defaultSession);
}

/** The options of a command that looks for the Redis of the running session when none is given. */
export function withSessionRedis(command: Command): Command {
  return withRedisOptions(
    command,
    `Redis of the worker; without it that of the running "${program} up", else of $REDIS_URL`,
  );
}

/** Parses the argument of an option that takes a whole number. */
export function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
  };
}

/** The examples at the end of a command's help. */
export function examples(lines: readonly (readonly [command: string, meaning: string])[]): string {
  return `\nExamples:\n${lines.map(([command, meaning]) => `  ${program} ${command}\n      ${meaning}`).join('\n')}`;
}

/** Has every wrong call of `command` and of those below it told in one line that names where its help is. */
export function tellWrongCalls(command: Command): void {
  const place = fullName(command);
  command.configureOutput({
    outputError: (text, write) => {
      const [sentence = '', suggestion] = text.replace(/^error: /, '').trimEnd().split('\n');
      const guess = suggestion === undefined ? '' : `; d${suggestion.replace(/^\(D|\)$/g, '')}`;
      write(`${sentence.replace(/\.$/, '')}${guess}; see "${place} --help"`);
    },
  });
  command.commands.forEach(tellWrongCalls);
}

/**
 * The words, without those that ask for help when they ask about a command there is not: help on something else would
 * look like success.
 */
export function withoutVainHelp(command: Command, words: readonly string[]): readonly string[] {
  const isHelp = (word: string): boolean => ['help', '-h', '--help'].includes(word);
  const named = words.filter((word) => !isHelp(word));
  return namesOnlyCommands(command, named) ? words : named;
}

function namesOnlyCommands(command: Command, [word, ...rest]: readonly string[]): boolean {
  if (word === undefined || word.startsWith('-') || command.commands.length === 0) return true;
  const next = command.commands.find((candidate) => candidate.name() === word);
  return next !== undefined && namesOnlyCommands(next, rest);
}

function fullName(command: Command): string {
  return command.parent === null ? command.name() : `${fullName(command.parent)} ${command.name()}`;
}
