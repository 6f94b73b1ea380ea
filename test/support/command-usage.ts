/** Which commands the connections of the operator send, as MONITOR tells. */
import type { Redis } from 'ioredis';

/** Name the operator's connections give themselves; the first thing they send. */
const operatorName = 'redisworker-operator';

/** Writes down what the operator uses of a server. */
export interface CommandUsage {
  /** Names as rules of users write them, those its scripts call included. */
  readonly used: ReadonlySet<string>;
  stop(): void;
}

/** Begins to listen. */
export async function watchOperator(client: Redis): Promise<CommandUsage> {
  const known = new Set((await client.call('COMMAND', 'LIST')) as string[]);
  const [operators, used] = [new Set<string>(), new Set<string>()];
  let caller = '';
  const monitor = await client.monitor();
  monitor.on('monitor', (_time: string, [name = '', part = '', ...rest]: string[], source: string) => {
    if (source !== 'lua') caller = source; // a script's commands come right after it
    if (part.toLowerCase() === 'setname' && rest[0] === operatorName) operators.add(caller);
    const whole = `${name}|${part}`.toLowerCase();
    if (operators.has(caller) && name.toLowerCase() !== 'auth') used.add(known.has(whole) ? whole : name.toLowerCase());
  });
  return { used, stop: () => monitor.disconnect() };
}
