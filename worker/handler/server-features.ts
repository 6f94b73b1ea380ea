/** What the server at hand can do beyond the base, which is Redis 7.0 and Valkey. */
import { traceHashKey } from '../../contract/keys.ts';
import type { Identity } from '../pod/identity.ts';
import type { Connection } from '../redis/connection.ts';
import { RedisError } from '../redis/resp.ts';
import { guardCommand } from './commit-guard.ts';
import { orphanIdleMs } from './lease.ts';
import type { Place } from './place.ts';
import type { TraceExpiry } from './trace-expiry.ts';

/** Features that are used where they are, and done without elsewhere. */
export interface ServerFeatures {
  /** A read may take over what other consumers left behind: XREADGROUP … CLAIM, Redis 8.4. */
  readonly claimingReads: boolean;
  /** Trimming may spare what any group still needs: XTRIM … ACKED, Redis 8.2. */
  readonly sparingTrim: boolean;
  /** HSETEX: Redis 8.0, Valkey 9.0; HEXPIRE: Redis 7.4. */
  readonly traceExpiry: TraceExpiry;
  /** The server runs the question in front of a commit: everywhere, but for users who may not use EVAL. */
  readonly guardedCommits: boolean;
}

/** The hash of a request nobody can make: its reference holds a control character. */
const noTrace = traceHashKey('\n');

const redirections = new Set(['MOVED', 'ASK']);

/** Reading our own pending entries after this id brings none: the id above it stands for `>`. */
const afterEveryEntry = '18446744073709551615-18446744073709551614';

/**
 * Finds out by trying, with commands that change nothing: versions differ between Redis and Valkey, and a user may be
 * kept from COMMAND and INFO. Whatever error comes back, the base works.
 * @throws ConnectionLostError
 */
export async function probeFeatures(
  connection: Connection,
  place: Place,
  identity: Identity,
): Promise<ServerFeatures> {
  const { requestStream, consumerId, settings } = place;
  const [read, trim, setField, expireField, guard] = await connection.pipeline([
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
    ['HSETEX', noTrace, 'FXX', 'EX', 1, 'FIELDS', 1, 'none', ''],
    ['HEXPIRE', noTrace, 1, 'FIELDS', 1, 'none'],
    guardCommand(place, identity),
  ]);
  // What would have to be asked elsewhere in a Cluster is known here.
  const knows = (reply: unknown) => !(reply instanceof RedisError) || redirections.has(reply.code);
  return {
    claimingReads: knows(read),
    sparingTrim: knows(trim),
    traceExpiry: knows(setField) ? 'HSETEX' : knows(expireField) ? 'HEXPIRE' : 'EXPIRE',
    guardedCommits: knows(guard),
  };
}
