/** Who belongs to a worker's Redis: at once when it is named, and until it has been missing for long. Pure. */
import { formatHostPort, type HostPort, parseHostPort } from '../../../contract/host-port.ts';
import { canonicalServers } from './redis-servers.ts';

/** A member, and for how long answers have left it out. */
export interface Member extends HostPort {
  /** Milliseconds; 0 while it is named. */
  readonly missingMs: number;
}

/** The members of a Redis as a worker's network has them. */
export interface Roster {
  /** Milliseconds since 1970 of the answer taken in last; undefined before the first. */
  readonly at: number | undefined;
  readonly members: readonly Member[];
}

/**
 * Milliseconds of answers without it until a member is gone. A Sentinel that has begun anew and a node that was cut off
 * know few others for a while, and every change of the list replaces pods.
 */
export const goneAfterMs = 3_600_000;
/** What one answer counts for at most: silence before it makes nobody older. */
const mostPerAnswerMs = 60_000;

/** A roster nobody has confirmed yet. */
export function rosterOf(remembered: readonly HostPort[]): Roster {
  return { at: undefined, members: canonicalServers(remembered).map((server) => ({ ...server, missingMs: 0 })) };
}

/** Takes in what the Redis says of its members; the same answer again changes nothing. */
export function afterAnswer(roster: Roster, named: readonly HostPort[], at: number): Roster {
  if (roster.at === at) return roster;
  const passed = roster.at === undefined ? 0 : Math.min(at - roster.at, mostPerAnswerMs);
  const present = new Set(named.map(formatHostPort));
  const missing = roster.members.filter((member) => !present.has(formatHostPort(member)))
    .map((member) => ({ ...member, missingMs: member.missingMs + passed }))
    .filter(({ missingMs }) => missingMs < goneAfterMs);
  return { at, members: [...rosterOf(named).members, ...missing] };
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
