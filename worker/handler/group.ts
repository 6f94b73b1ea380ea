/** The consumer group this process reads through. */
import { makeGroupLua, rememberPositionLua } from '../../contract/group.ts';
import { groupRecordKey } from '../../contract/keys.ts';
import type { Connection } from '../redis/connection.ts';
import { itemsOf, textOf } from '../redis/replies.ts';
import type { Place } from './place.ts';
import { RedisError } from '../redis/resp.ts';

/**
 * Makes sure that stream and group exist. Usually the operator has made them; after a flush or a restart of an empty
 * Redis they come back from here, and what was acknowledged before does not run again.
 * @returns true when the group was missing
 */
export async function ensureGroup(connection: Connection, place: Place): Promise<boolean> {
  const { requestStream, responseStream, consumerId, settings: { group } } = place;
  const keys = [requestStream, groupRecordKey(requestStream, group), responseStream];
  const reply = await connection.command('EVAL', makeGroupLua, keys.length, ...keys, group, '', '0', consumerId);
  const [outcome, key] = itemsOf(reply).map(textOf);
  if (outcome === 'wrongType') throw new RedisError(`WRONGTYPE the key "${key}" holds the wrong kind of value`);
  return outcome === 'created';
}

/** Remembers up to where everything is acknowledged, for a group that is made again after it was lost. */
export async function rememberPosition(
  connection: Connection,
  { requestStream, settings: { group } }: Place,
): Promise<void> {
  const keys = [requestStream, groupRecordKey(requestStream, group)];
  await connection.command('EVAL', rememberPositionLua, keys.length, ...keys, group);
}

/** The newest entry of the request stream; everything up to it comes again through a group that was made anew. */
export async function newestEntry(connection: Connection, { requestStream }: Place): Promise<string> {
  const flat = itemsOf(await connection.command('XINFO', 'STREAM', requestStream)).map(textOf);
  return flat[flat.indexOf('last-generated-id') + 1] ?? '0-0';
}

/** True for the errors of a read whose stream or group has vanished. */
export function isGroupGone(error: unknown): boolean {
  return error instanceof RedisError && (error.code === 'NOGROUP' || error.code === 'UNBLOCKED');
}
