/** A read of new requests: asked for at one time, and taken at another. */
import type { Connection } from '../redis/connection.ts';
import type { Reply } from '../redis/resp.ts';
import { claimArgs } from './claim.ts';
import type { Place } from './place.ts';
import type { ServerFeatures } from './server-features.ts';

/** A read that is on its way, or has come. */
export interface Read {
  /** Requests it asks for at most. */
  readonly count: number;
  /** Milliseconds since 1970: what it brings is ours since then at the earliest. */
  readonly askedMs: number;
  /** Of XREADGROUP. @throws ConnectionLostError, RedisError */
  readonly reply: Promise<Reply>;
}

/** How long a read may wait for a first request, in milliseconds. */
export const longestBlockMs = 2000;

/** What is asked for. */
export interface Asked {
  readonly count: number;
  /** Milliseconds it waits for a first one, {@link longestBlockMs} at most. */
  readonly blockMs: number;
  readonly nowMs: number;
}

/** Asks for requests nobody has had yet, and on servers that can do both for what others left behind. */
export function read(
  connection: Connection,
  place: Place,
  features: ServerFeatures,
  { count, blockMs, nowMs }: Asked,
): Read {
  const { requestStream, consumerId, settings: { group } } = place;
  const reply = connection.commandWithin(
    deadlineMs,
    'XREADGROUP',
    'GROUP',
    group,
    consumerId,
    'COUNT',
    count,
    'BLOCK',
    blockMs,
    ...claimArgs(place, features),
    'STREAMS',
    requestStream,
    '>',
  );
  return { count, askedMs: nowMs, reply };
}

/** Until a connection counts as lost, in milliseconds: the longest wait, and a second for all else. */
const deadlineMs = longestBlockMs + 1000;
