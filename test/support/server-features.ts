/** What a test needs to know of the server it runs on. */
import type { Redis } from 'ioredis';

/** True when reads of the server can claim. */
export function knowsClaim(client: Redis): Promise<boolean> {
  return client.call('XREADGROUP', 'GROUP', 'g', 'c', 'CLAIM', '1', 'STREAMS', 'no-such-stream', '>')
    .then(() => true, (error: unknown) => !String(error).includes('syntax error'));
}

/** How often each command was called, and how often it failed, by its lower-case name. */
export type CommandStats = ReadonlyMap<string, { readonly calls: number; readonly failed: number }>;

/** Asks a server. */
export async function commandStats(client: Redis): Promise<CommandStats> {
  return parseCommandStats(await client.info('commandstats'));
}

/** @param info what INFO commandstats says */
export function parseCommandStats(info: string): CommandStats {
  const lines = info.matchAll(/^cmdstat_([^:]+):calls=(\d+),.*failed_calls=(\d+)/gm);
  return new Map(
    [...lines].map(([, name = '', calls, failed]) => [name, { calls: Number(calls), failed: Number(failed) }]),
  );
}

/** Seconds a field of a hash lives, by itself where the server can do that, else with its hash. */
export async function secondsLeft(client: Redis, key: string, field: string): Promise<number> {
  const own = await client.call('HTTL', key, 'FIELDS', '1', field).then(
    (reply) => (reply as number[])[0] ?? -1,
    () => -1,
  );
  return own < 0 ? await client.ttl(key) : own;
}
