/** The tables of docs/redis.md that say what a worker may do in Redis. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** One row: each of the commands is allowed when all keys it is given match. */
export interface AccessRow {
  readonly commands: ReadonlySet<string>;
  /** Patterns in the words of the docs: `<type>:*:h`. */
  readonly patterns: readonly string[];
  readonly outsideDatabase0: boolean;
}

/** What the words of the patterns mean for a worker. */
export interface AccessWords {
  readonly type: string;
  readonly 'request stream': string;
  readonly 'response stream': string;
  readonly 'dead letters': string;
  readonly group: string;
}

/** The rows of one runtime. */
export function accessTable(runtime: string): AccessRow[] {
  const docs = readFileSync(join(import.meta.dirname, '../../docs/redis.md'), 'utf8');
  const [, section = ''] = docs.split(`\n### ${runtime}\n`);
  const rows = (section.split('\n#', 1)[0] ?? '').split('\n').filter((line) => line.startsWith('| `'));
  return rows.map((line) => {
    const [, commands = '', keys = ''] = line.split(/(?<!\\)\|/);
    return {
      commands: new Set(quoted(commands)),
      patterns: quoted(keys),
      outsideDatabase0: keys.includes('another database than 0'),
    };
  });
}

/** Whether the table lets a worker do this. */
export function isInTable(
  rows: readonly AccessRow[],
  command: string,
  keys: readonly string[],
  words: AccessWords,
  db: number,
): boolean {
  return rows.some(({ commands, patterns, outsideDatabase0 }) =>
    commands.has(command) && !(outsideDatabase0 && db === 0) &&
    keys.every((key) => patterns.some((pattern) => matches(pattern, key, words)))
  );
}

/** A word in angle brackets stands for a name as it is, an asterisk for any text. */
function matches(pattern: string, key: string, words: AccessWords): boolean {
  const parts = pattern.split('*').map((part) => part.replace(/<(.+?)>/g, (_, word: keyof AccessWords) => words[word]));
  const [head = '', ...tails] = parts;
  if (tails.length === 0) return key === head;
  const tail = tails.join('*');
  return key.length >= head.length + tail.length && key.startsWith(head) && key.endsWith(tail);
}

function quoted(cell: string): string[] {
  return [...cell.matchAll(/`(.+?)`/g)].map(([, text = '']) => text.replace('\\|', '|'));
}
