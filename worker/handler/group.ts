/** The consumer group this process reads through. */
import type { Connection } from '../redis/connection.ts';
import type { Place } from './place.ts';
import { RedisError } from '../redis/resp.ts';

/**
 * Makes sure that stream and group exist. Usually the operator has made them; after a flush or a restart
 * of an empty Redis they come back from here, from the stream's beginning so that nothing is passed over.
 * @returns true when the group was missing
 */
export async function ensureGroup(connection: Connection, place: Place): Promise<boolean> {
  try {
    await connection.command('XGROUP', 'CREATE', place.requestStream, place.settings.group, '0', 'MKSTREAM');
    return true;
  } catch (error) {
    if (error instanceof RedisError && error.code === 'BUSYGROUP') return false;
    throw error;
  }
}

/** True for the errors of a read whose stream or group has vanished. */
export function isGroupGone(error: unknown): boolean {
  return error instanceof RedisError && (error.code === 'NOGROUP' || error.code === 'UNBLOCKED');
}
