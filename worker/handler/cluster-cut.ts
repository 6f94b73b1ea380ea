/** Cuts what a request leaves behind into what lies with the worker's own keys and what lies elsewhere. Pure. */
import type { KeyedCommand } from '../redis/cluster-nodes.ts';
import type { Command } from '../redis/commands.ts';

/**
 * KEYS: the key; ARGV: how many arguments the first command has, the first command, the second one. The second is not
 * carried out when the first fails, and neither is left alone by a connection that breaks.
 */
const bothScript = `local first = tonumber(ARGV[1])
local made = redis.call(unpack(ARGV, 2, first + 1))
redis.call(unpack(ARGV, first + 2))
return made`;

/** The parts of one request. */
export interface Cut {
  readonly own: readonly Command[];
  /** One command for each key. */
  readonly elsewhere: readonly KeyedCommand[];
}

/** @param commands that begin with their name and their key, at most two for a key that lies elsewhere */
export function cutCommands(commands: readonly Command[], isElsewhere: (key: string) => boolean): Cut {
  const own: Command[] = [];
  const elsewhere = new Map<string, Command[]>();
  for (const command of commands) {
    const key = String(command[1]);
    if (!isElsewhere(key)) own.push(command);
    else elsewhere.set(key, [...(elsewhere.get(key) ?? []), command]);
  }
  return { own, elsewhere: [...elsewhere].map(([key, some]) => ({ key, command: asOne(key, some) })) };
}

function asOne(key: string, [first, second]: readonly Command[]): Command {
  if (first === undefined) throw new TypeError(`there is no command for the key ${key}`);
  return second === undefined ? first : ['EVAL', bothScript, 1, key, first.length, ...first, ...second];
}
