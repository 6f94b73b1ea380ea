/** Words that several commands share. */
import { InvalidArgumentError, Option } from 'commander';
import { defaultSession } from './session-files.ts';

/** `--name`: which running session a command means. */
export function sessionOption(): Option {
  return new Option('--name <session>', 'which session, when several run beside each other').default(defaultSession);
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
  return `\nExamples:\n${lines.map(([command, meaning]) => `  ${command}\n      ${meaning}`).join('\n')}`;
}
