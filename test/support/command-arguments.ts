/** Makes arguments of any command of a server, from what it says of where their keys are. */
import type { Redis } from 'ioredis';

/** A command as a server describes it. */
export interface ServerCommand {
  /** `get`, `xgroup|create` */
  readonly name: string;
  readonly arity: number;
  readonly keySpecs: readonly KeySpec[];
}

interface KeySpec {
  readonly begin: { readonly type: string; readonly index: number; readonly keyword: string };
  readonly find: {
    readonly type: string;
    readonly keynumidx: number;
    readonly firstkey: number;
    readonly limit: number;
  };
}

/** Every command of a server, with subcommands in place of what only holds them. */
export async function commandsOf(client: Redis): Promise<ServerCommand[]> {
  const names = (await client.call('COMMAND', 'LIST')) as string[];
  const infos = (await client.call('COMMAND', 'INFO', ...names)) as [string, number, ...unknown[]][];
  return infos.filter((info) => (info[9] as unknown[]).length === 0).map(([name, arity, ...more]) => ({
    name,
    arity,
    keySpecs: (more[6] as unknown[][]).map(keySpec),
  }));
}

/** A call of the command with these keys, in turn wherever it takes some, and at all other places where nothing else has to be. */
export function callWith({ name, arity, keySpecs }: ServerCommand, keys: readonly string[]): string[] {
  const words = name.split('|');
  const call = words.concat(Array.from({ length: Math.abs(arity) - words.length }, (_, at) => turn(keys, at)));
  for (const { begin, find } of keySpecs) {
    if (begin.type === 'unknown') continue;
    const start = begin.type === 'keyword' ? Math.abs(begin.index) + 1 : begin.index;
    for (let at = call.length; at < start + find.firstkey; at++) call[at] = turn(keys, at);
    if (begin.type === 'keyword') call[start - 1] = begin.keyword;
    if (find.type === 'keynum') {
      call.splice(start + find.firstkey, Infinity, ...keys);
      call[start + find.keynumidx] = String(keys.length);
    } else {
      call.splice(
        start,
        Infinity,
        ...keys,
        ...Array.from({ length: keys.length * Math.max(0, find.limit - 1) }, () => '0'),
      );
    }
  }
  for (let at = call.length; at < Math.abs(arity); at++) call[at] = turn(keys, at);
  return arity > 0 ? call.slice(0, arity) : call;
}

function turn(keys: readonly string[], at: number): string {
  return keys[at % keys.length] ?? '0';
}

function keySpec(reply: readonly unknown[]): KeySpec {
  const [begin, find] = [fields(reply, 'begin_search'), fields(reply, 'find_keys')];
  const type = String(fields(find, 'type'));
  const of = (spec: unknown[], name: string) => Number(fields(fields(spec, 'spec'), name));
  return {
    begin: {
      type: String(fields(begin, 'type')),
      index: of(begin, String(fields(begin, 'type')) === 'keyword' ? 'startfrom' : 'index'),
      keyword: String(fields(fields(begin, 'spec'), 'keyword')),
    },
    find: {
      type,
      keynumidx: of(find, 'keynumidx'),
      firstkey: type === 'keynum' ? of(find, 'firstkey') : 0,
      limit: of(find, 'limit'),
    },
  };
}

/** The value behind a name in a flat list. */
function fields(list: readonly unknown[], name: string): unknown[] {
  return (list[list.indexOf(name) + 1] ?? []) as unknown[];
}
