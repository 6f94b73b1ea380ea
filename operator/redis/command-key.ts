/** Which key a command is about: in a Cluster it goes to the server that has it. Pure. */

/** One command: its name and arguments. */
export type Command = readonly [name: string, ...args: (string | number)[]];

/** Commands about the server itself. */
const keyless = new Set([
  'ACL',
  'CLIENT',
  'CLUSTER',
  'COMMAND',
  'CONFIG',
  'DBSIZE',
  'ECHO',
  'INFO',
  'LATENCY',
  'MODULE',
  'PING',
  'ROLE',
  'SCRIPT',
  'TIME',
]);

/** How many arguments stand before the key; none unless named here. */
const before: Readonly<Record<string, number>> = {
  EVAL: 2,
  EVALSHA: 2,
  MEMORY: 1,
  OBJECT: 1,
  XGROUP: 1,
  XINFO: 1,
};

/** The first key of a command; undefined for one that has none. */
export function keyOf([name, ...args]: Command): string | undefined {
  const upper = name.toUpperCase();
  if (keyless.has(upper)) return undefined;
  const words = args.map(String);
  if (upper === 'XREAD' || upper === 'XREADGROUP') {
    return words[words.findIndex((word) => word.toUpperCase() === 'STREAMS') + 1];
  }
  return words[before[upper] ?? 0];
}
