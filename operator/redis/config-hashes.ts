/** Config hashes: read many, write, delete or release one, each write as one atomic step that respects the owner. */
import { type ConfigHashFields, operatorFields } from '../../contract/config-hash.ts';
import { clearPidScript, deleteScript, releaseScript, writeScript } from './config-hash-scripts.ts';
import { RedisFault } from './fault.ts';
import type { RedisLink } from './link.ts';
import { records, strings } from './replies.ts';

/** Fields of a hash by name, or why there are none. */
export type FoundHash = Readonly<Record<string, string>> | 'absent' | 'wrongType';

/** The hash belongs to the manifest named by its field `resource` (empty when it has none): nothing was changed. */
export interface HashConflict {
  readonly conflict: string;
}

const pageSize = 200;

/** Reads the hashes under `keys`. @throws RedisFault */
export async function readConfigHashes(redis: RedisLink, keys: readonly string[]): Promise<Map<string, FoundHash>> {
  const found = new Map<string, FoundHash>();
  for (let at = 0; at < keys.length; at += pageSize) {
    const page = keys.slice(at, at + pageSize);
    const replies = await redis.pipeline(page.map((key) => ['HGETALL', key]));
    page.forEach((key, index) => found.set(key, foundHash(replies[index])));
  }
  return found;
}

/**
 * Makes the operator's fields of the hash exactly `fields`: missing ones are removed, the worker's own stay.
 * A hash without `resource` (made by hand or by an older tool) is adopted, running process and all:
 * its pid stays, so whoever runs it is not disturbed.
 * @param replaces another resource whose hash is taken over
 * @throws RedisFault; Error when `fields` name no resource
 */
export async function writeConfigHash(
  redis: RedisLink,
  key: string,
  fields: ConfigHashFields,
  replaces = '',
): Promise<'written' | 'unchanged' | 'wrongType' | HashConflict> {
  if (!fields.resource) throw new Error(`the config hash ${key} must name its resource`);
  const values = Object.entries(fields).filter(([, value]) => value !== '').flat();
  const reply = await redis.script(writeScript, [key], [
    fields.resource,
    replaces,
    operatorFields.length,
    ...operatorFields,
    ...values,
  ]);
  return outcome(reply, ['written', 'unchanged', 'wrongType']);
}

/** Deletes the hash of `resource`, with the worker's fields. @throws RedisFault */
export async function deleteConfigHash(
  redis: RedisLink,
  key: string,
  resource: string,
): Promise<'deleted' | 'absent' | 'wrongType' | HashConflict> {
  return outcome(await redis.script(deleteScript, [key], [resource]), ['deleted', 'absent', 'wrongType']);
}

/** Keeps the hash but gives up owning it, so that a later manifest may adopt it. @throws RedisFault */
export async function releaseConfigHash(
  redis: RedisLink,
  key: string,
  resource: string,
): Promise<'released' | 'absent' | 'wrongType' | HashConflict> {
  return outcome(await redis.script(releaseScript, [key], [resource]), ['released', 'absent', 'wrongType']);
}

/**
 * Removes `pid` and `owner` if both still are what the caller saw; an absent owner must still be absent.
 * @returns whether they were removed
 * @throws RedisFault
 */
export async function clearStalePid(
  redis: RedisLink,
  key: string,
  expected: { readonly pid: string; readonly owner?: string },
): Promise<boolean> {
  return (await redis.script(clearPidScript, [key], [expected.pid, expected.owner ?? ''])) === 1;
}

function foundHash(reply: unknown): FoundHash {
  if (reply instanceof RedisFault) {
    if (reply.code === 'RedisWrongType') return 'wrongType';
    throw reply;
  }
  const fields = records(reply);
  return Object.keys(fields).length === 0 ? 'absent' : fields;
}

/** The first word a script returns is the outcome, the second the owner in the way. */
function outcome<const Word extends string>(reply: unknown, words: readonly Word[]): Word | HashConflict {
  const [said, owner = ''] = strings(reply);
  const word = words.find((one) => one === said);
  return word ?? { conflict: owner };
}
