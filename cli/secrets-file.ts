/** A file of secrets for a worker without a manifest: `name=value` lines. */
import { readFileSync } from 'node:fs';
import { exitCodes, Failure, messageOf } from './failure.ts';

/** Reads it. @throws Failure (usage) that names the line, and no value */
export function readSecrets(file: string): Record<string, string> {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new Failure(`the file of --secrets cannot be read: ${messageOf(error)}`, exitCodes.usage, { cause: error });
  }
  const lines = text.split(/\r?\n/).map((line, at) => ({ line: line.trim(), at: at + 1 }));
  const told = lines.filter(({ line }) => line !== '' && !line.startsWith('#'));
  return Object.fromEntries(told.map(({ line, at }) => secretOf(line, `${file}:${at}`)));
}

function secretOf(line: string, where: string): readonly [name: string, value: string] {
  const [, name, value = ''] = /^(?:export\s+)?([-._a-zA-Z0-9]+)\s*=\s*(.*)$/.exec(line) ?? [];
  if (name === undefined) {
    throw new Failure(`${where}: a secret is one line, its name and its value: token=…`, exitCodes.usage);
  }
  const [, , quoted] = /^(["'])(.*)\1$/.exec(value) ?? [];
  return [name, quoted ?? value];
}
