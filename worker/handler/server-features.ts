/** What the server at hand can do beyond the base, which is Redis 7.0 and Valkey. */
import { orphanIdleMs } from './chores.ts';
import type { Connection } from '../redis/connection.ts';
import type { Place } from './place.ts';
import { RedisError } from '../redis/resp.ts';

/** Features that are used where they are, and done without elsewhere. */
export interface ServerFeatures {
  /** A read may take over what other consumers left behind: XREADGROUP … CLAIM, Redis 8.4. */
  readonly claimingReads: boolean;
  /** Trimming may spare what any group still needs: XTRIM … ACKED, Redis 8.2. */
  readonly sparingTrim: boolean;
}

/** What every server can do. */
export const baseFeatures: ServerFeatures = { claimingReads: false, sparingTrim: false };

/** Reading our own pending entries after this id brings none: the id above it stands for `>`. */
const afterEveryEntry = '18446744073709551615-18446744073709551614';

/**
 * Finds out by trying, with commands that change nothing: versions differ between Redis and Valkey, and a user may be
 * kept from COMMAND and INFO. Whatever error comes back, the base works.
 * @throws ConnectionLostError
 */
export async function probeFeatures(connection: Connection, place: Place): Promise<ServerFeatures> {
  const { requestStream, consumerId, settings } = place;
  const [read, trim] = await connection.pipeline([
    [
      'XREADGROUP',
      'GROUP',
      settings.group,
      consumerId,
      'COUNT',
      1,
      'CLAIM',
      orphanIdleMs(settings),
      'STREAMS',
      requestStream,
      afterEveryEntry,
    ],
    ['XTRIM', requestStream, 'MINID', '0-0', 'ACKED'],
  ]);
  return { claimingReads: !(read instanceof RedisError), sparingTrim: !(trim instanceof RedisError) };
}
