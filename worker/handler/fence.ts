/** The fence: whoever's pid is not in the config hash any more writes nothing. */
import { ownerField, pidField } from '../../contract/config-hash.ts';
import { fenced } from '../pod/fenced.ts';
import { type Identity, isOurs } from '../pod/identity.ts';
import type { Connection } from '../redis/connection.ts';
import type { Place } from './place.ts';

/** Stops the process when somebody else has its place, also while it has nothing to do. */
export async function checkFence(connection: Connection, place: Place, me: Identity): Promise<void> {
  const reply = await connection.command('HMGET', place.hashKey, pidField, ownerField);
  if (!isOurs(reply, me)) throw fenced(place.hashKey);
}
