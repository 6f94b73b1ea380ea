/** Modules of a worker in Redis: what is declared of them, and what its consumers tell. */
import { readConfigHashes } from './config-hashes.ts';
import type { RedisLink } from './link.ts';
import { script } from './script.ts';

/** Keys of the two hashes. */
export interface ModuleKeys {
  readonly declared: string;
  readonly states: string;
}

/** What there is of modules. */
export interface ModulesView {
  /** By name, as they were written; with the digest of all. */
  readonly declared: Readonly<Record<string, string>>;
  /** By consumer, as each told. */
  readonly states: ReadonlyMap<string, string>;
  /** There is anything of them. */
  readonly isThere: boolean;
  /** Keys that hold something else. */
  readonly misfits: readonly string[];
}

/** Reads both. @throws RedisFault */
export async function readModules(redis: RedisLink, { declared, states }: ModuleKeys): Promise<ModulesView> {
  const found = await readConfigHashes(redis, [declared, states]);
  const fieldsAt = (key: string) => {
    const hash = found.get(key);
    return typeof hash === 'object' ? hash : {};
  };
  const [known, consumers] = [fieldsAt(declared), fieldsAt(states)];
  return {
    declared: known,
    states: new Map(Object.entries(consumers)),
    isThere: Object.keys(known).length + Object.keys(consumers).length > 0,
    misfits: [declared, states].filter((key) => found.get(key) === 'wrongType'),
  };
}

/** KEYS: what is declared. ARGV: how many fields go, those, then field and value by turns. Whoever follows them sees all or nothing. */
const declareScript = script(`
local gone = tonumber(ARGV[1])
for i = 2, gone + 1 do redis.call('HDEL', KEYS[1], ARGV[i]) end
for i = gone + 2, #ARGV, 2 do redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
return 'done'
`);

/** Makes these fields so, in one step. @throws RedisFault */
export async function declareModules(
  redis: RedisLink,
  { declared }: ModuleKeys,
  fields: Readonly<Record<string, string>>,
  removes: readonly string[],
): Promise<void> {
  await redis.script(declareScript, [declared], [removes.length, ...removes, ...Object.entries(fields).flat()]);
}

/** Takes away what one consumer told. @throws RedisFault */
export async function forgetStates(redis: RedisLink, { states }: ModuleKeys, consumerId: string): Promise<void> {
  await redis.command('HDEL', states, consumerId);
}

/** Takes away all of it. @throws RedisFault */
export async function removeModules(redis: RedisLink, { declared, states }: ModuleKeys): Promise<void> {
  await redis.command('DEL', declared, states);
}
