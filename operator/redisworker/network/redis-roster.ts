/** Who belongs to a worker's Redis: at once when it is named, and until it has been missing for long. Pure. */
import { formatHostPort, type HostPort, parseHostPort } from '../../../contract/host-port.ts';
import { canonicalServers } from './redis-servers.ts';

/** A member, and since when answers have left it out. */
export interface Member extends HostPort {
  /** Milliseconds since 1970; absent while it is named. */
  readonly missingSince?: number;
}

/**
 * Milliseconds of answers without it until a member is gone. A Sentinel that has begun anew and a node that was cut off
 * know few others for a while, and every change of the list replaces pods.
 */
export const goneAfterMs = 3_600_000;

/** Takes in what the Redis says of its members. Silence is no answer: nobody grows old by it. */
export function afterAnswer(roster: readonly Member[], named: readonly HostPort[], at: number): Member[] {
  const present = new Set(named.map(formatHostPort));
  const missing = roster.filter((member) => !present.has(formatHostPort(member))).map((
    { host, port, missingSince },
  ) => ({
    host,
    port,
    missingSince: missingSince ?? at,
  }));
  return [...canonicalServers(named), ...missing.filter(({ missingSince }) => at - missingSince < goneAfterMs)];
}

/** As an annotation of the policy, for the operator that comes next; undefined when nobody is known. */
export function encodeRoster(redisUrl: string, roster: readonly HostPort[]): string | undefined {
  if (roster.length === 0) return undefined;
  return JSON.stringify({ redis: redisUrl, members: canonicalServers(roster).map(formatHostPort) });
}

/** Members an annotation may bring back. */
const maxRemembered = 256;

/** Reads an annotation back, when it is about this Redis; what makes no sense counts as nothing. */
export function decodeRoster(annotation: string | undefined, redisUrl: string): HostPort[] {
  try {
    const { redis, members } = JSON.parse(annotation ?? '') as { redis?: unknown; members?: unknown };
    if (redis !== redisUrl || !Array.isArray(members)) return [];
    const texts = members.filter((member): member is string => typeof member === 'string');
    return canonicalServers(texts.slice(0, maxRemembered).flatMap((text) => parseHostPort(text) ?? []));
  } catch {
    return [];
  }
}
