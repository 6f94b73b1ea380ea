/** The tables of docs/redis.md that say what a worker may do in Redis. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RedisAddress } from '../../contract/redis-address.ts';

/** One row: each of the commands is allowed when all keys it is given match. */
export interface AccessRow {
  readonly commands: ReadonlySet<string>;
  /** Patterns in the words of the docs: `<type>:*:h`. */
  readonly patterns: readonly string[];
  /** Where a worker has to be for it; anywhere when undefined. */
  readonly where: Place | undefined;
}

const places = ['in another database than 0', 'behind Sentinels', 'in a Cluster'] as const;
type Place = (typeof places)[number];

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
      where: places.find((place) => keys.includes(place)),
    };
  });
}

/** Whether the table lets a worker do this. */
export function isInTable(
  rows: readonly AccessRow[],
  command: string,
  keys: readonly string[],
  words: AccessWords,
  address: Pick<RedisAddress, 'db' | 'topology'>,
): boolean {
  return rows.some(({ commands, patterns, where }) =>
    commands.has(command) && (where === undefined || isThere(where, address)) &&
    keys.every((key) => patterns.some((pattern) => matches(pattern, key, words)))
  );
}

function isThere(where: Place, { db, topology }: Pick<RedisAddress, 'db' | 'topology'>): boolean {
  switch (where) {
    case 'in another database than 0':
      return db !== 0;
    case 'behind Sentinels':
      return topology.kind === 'Sentinel';
    case 'in a Cluster':
      return topology.kind === 'Cluster';
  }
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
