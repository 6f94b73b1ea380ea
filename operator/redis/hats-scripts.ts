/** Scripts of a HATS cluster in Redis: read many, write, delete or give up one, each as one atomic step that respects the owner. */
import { authoredFields } from '../../contract/hats.ts';
import { RedisFault } from './fault.ts';
import type { RedisLink } from './link.ts';
import { records, strings, text } from './replies.ts';
import { script } from './script.ts';

/** What is told of a script, whoever wrote it. */
export interface FoundScript {
  readonly key: string;
  /** The fields a manifest may own, and those that say how the script is; undefined where there is none. */
  readonly fields: Readonly<Record<string, string>> | undefined;
  readonly isWrongType: boolean;
}

/** What there is of scripts. */
export interface ScriptsView {
  /** Those the manifest has written or means to write. */
  readonly own: readonly FoundScript[];
  /** All that the pods have found in their cluster. */
  readonly found: readonly FoundScript[];
}

/** Where the scripts of a worker are told of. */
export interface ScriptKeys {
  /** Hash that names what the manifest has written. */
  readonly written: string;
  /** Hash that names what the pods have found. */
  readonly found: string;
}

/** Scripts of others that are looked at. */
const mostFound = 5000;
const pageSize = 500;
const state = ['State', 'Status', 'Error', 'ErrorAt', 'ErrorTime', 'resource'];

/** Reads the scripts a manifest names or has written, and the state of all others. @throws RedisFault */
export async function readScripts(
  redis: RedisLink,
  keys: ScriptKeys,
  declared: readonly string[],
): Promise<ScriptsView> {
  const [written, found] = await redis.pipeline([['HGETALL', keys.written], ['HGETALL', keys.found]]);
  for (const reply of [written, found]) if (reply instanceof RedisFault) throw reply;
  const own = [...new Set([...declared, ...Object.keys(records(written))])];
  const others = Object.keys(records(found)).slice(0, mostFound);
  return {
    own: await readFields(redis, own, [...authoredFields, ...state]),
    found: await readFields(redis, others, state),
  };
}

async function readFields(
  redis: RedisLink,
  keys: readonly string[],
  names: readonly string[],
): Promise<FoundScript[]> {
  const scripts: FoundScript[] = [];
  for (let at = 0; at < keys.length; at += pageSize) {
    const page = keys.slice(at, at + pageSize);
    const replies = await redis.pipeline(page.map((key) => ['HMGET', key, ...names]));
    page.forEach((key, index) => scripts.push(foundScript(key, names, replies[index])));
  }
  return scripts;
}

function foundScript(key: string, names: readonly string[], reply: unknown): FoundScript {
  if (reply instanceof RedisFault) {
    if (reply.code === 'RedisWrongType') return { key, fields: undefined, isWrongType: true };
    throw reply;
  }
  const values = Array.isArray(reply) ? reply as unknown[] : [];
  const given = names.flatMap((name, at) => (values[at] === null ? [] : [[name, text(values[at])] as const]));
  return { key, fields: given.length === 0 ? undefined : Object.fromEntries(given), isWrongType: false };
}

/** What came of a write: the owner in the way where there is one. */
export type ScriptOutcome = 'done' | 'wrongType' | { readonly conflict: string };

const readOwner = `
local kind = redis.call('TYPE', KEYS[1]).ok
if kind ~= 'none' and kind ~= 'hash' then return {'wrongType'} end
local owner = redis.call('HGET', KEYS[1], 'resource')
`;

/**
 * KEYS: script, list of what was written. ARGV: resource, another one that may be replaced or '', 'held' for a script that
 * somebody takes, then field and value by turns, an empty value for a field there is not to be. A thread that runs has to
 * begin anew: it is taken from its worker.
 */
const writeScript = script(`${readOwner}
if owner and owner ~= ARGV[1] and owner ~= ARGV[2] then return {'conflict', owner} end
redis.call('HSET', KEYS[2], KEYS[1], '')
local changed = false
for i = 4, #ARGV, 2 do
  if (redis.call('HGET', KEYS[1], ARGV[i]) or '') ~= ARGV[i + 1] then
    changed = true
    if ARGV[i + 1] == '' then redis.call('HDEL', KEYS[1], ARGV[i])
    else redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
  end
end
redis.call('HSET', KEYS[1], 'resource', ARGV[1])
local first = {Status = 'enabled'}
if ARGV[3] == 'held' then first = {State = 'stopped', Status = 'enabled', Heartbeat = '0', Owner = ''} end
for field, value in pairs(first) do
  if not redis.call('HGET', KEYS[1], field) then redis.call('HSET', KEYS[1], field, value) end
end
if changed and ARGV[3] == 'held' then redis.call('HSET', KEYS[1], 'State', 'stopped', 'Fenced', '') end
if changed and ARGV[3] ~= 'held' then redis.call('HDEL', KEYS[1], 'Error', 'ErrorAt', 'ErrorTime') end
return {'done'}
`);

/** KEYS: script, list of what was written. ARGV: resource. What is another's stays, and is ours to list no more. */
const removeScript = script(`${readOwner}
if owner == ARGV[1] then redis.call('DEL', KEYS[1]) end
redis.call('HDEL', KEYS[2], KEYS[1])
return {'done'}
`);

/** As above, but the script stays. */
const giveUpScript = script(`${readOwner}
if owner == ARGV[1] then redis.call('HDEL', KEYS[1], 'resource') end
redis.call('HDEL', KEYS[2], KEYS[1])
return {'done'}
`);

/** Whose a script is. */
export interface ScriptOwner {
  readonly written: string;
  readonly resource: string;
}

/** What a script is to be. */
export interface ScriptContent {
  readonly fields: Readonly<Record<string, string>>;
  /** Whether workers take it: an endpoint is nobody's. */
  readonly isHeld: boolean;
  /** Another resource whose script is taken over. */
  readonly replaces?: string | undefined;
}

/** Makes the authored fields of a script exactly these. @throws RedisFault */
export async function writeHatsScript(
  redis: RedisLink,
  key: string,
  { written, resource }: ScriptOwner,
  { fields, isHeld, replaces = '' }: ScriptContent,
): Promise<ScriptOutcome> {
  const values = authoredFields.flatMap((name) => [name, fields[name] ?? '']);
  const [said, owner = ''] = strings(
    await redis.script(writeScript, [key, written], [resource, replaces, isHeld ? 'held' : '', ...values]),
  );
  return said === 'done' || said === 'wrongType' ? said : { conflict: owner };
}

/** Takes a script of this owner away, or keeps it as nobody's. @throws RedisFault */
export async function removeHatsScript(
  redis: RedisLink,
  key: string,
  { written, resource }: ScriptOwner,
  manner: 'delete' | 'keep',
): Promise<void> {
  await redis.script(manner === 'delete' ? removeScript : giveUpScript, [key, written], [resource]);
}
