/** What is held of a name outside the cluster: its addresses, how long, and when to ask again. Pure. */
import type { FamilyAnswer, NameAnswer } from '../../../dns/lookup.ts';

/** One address of a name; times in milliseconds since 1970. */
export interface HeldAddress {
  readonly address: string;
  readonly family: 4 | 6;
  readonly seenAt: number;
  /** Until then it stays although DNS no longer names it: balancers answer with a few of many at a time. */
  readonly keepUntil: number;
}

/** A name as it is known. */
export interface HeldName {
  /** The one seen last first. */
  readonly addresses: readonly HeldAddress[];
  /** What DNS said last; undefined until it has been asked. */
  readonly said: 'addresses' | 'none' | undefined;
  /** The first of the failures in a row, as long as they keep something from being known. */
  readonly failure: { readonly why: string; readonly since: number; readonly count: number } | undefined;
  /** When to ask again. */
  readonly refreshAt: number;
}

/** A name nobody has asked for. */
export const unasked: HeldName = { addresses: [], said: undefined, failure: undefined, refreshAt: 0 };

/** Milliseconds an address stays after it was seen last, if its own time is not longer. */
export const graceMs = 600_000;
const floorMs = 5_000;
const capMs = 300_000;
/** A name without addresses is asked for again after this long. */
const noneMs = 10_000;
const maxBackOffMs = 60_000;
/** Addresses held of one name, however many it has. */
const maxHeld = 1000;

/** Takes an answer in. Failures keep what is known; a name that is gone keeps nothing. */
export function afterAnswer(held: HeldName, { ipv4, ipv6 }: NameAnswer, now: number): HeldName {
  const answers = [[4, ipv4], [6, ipv6]] as const;
  if (ipv4.kind === 'none' && ipv6.kind === 'none') {
    return { addresses: [], said: 'none', failure: undefined, refreshAt: now + noneMs };
  }
  const seen = answers.flatMap(([family, answer]) => seenAddresses(family, answer, now));
  const failed = new Set(answers.flatMap(([family, { kind }]) => (kind === 'failed' ? [family] : [])));
  const fresh = new Set(seen.map(({ address }) => address));
  const kept = held.addresses.filter(({ address, family, keepUntil }) =>
    !fresh.has(address) && (failed.has(family) || keepUntil > now)
  );
  const missed = seen.length === 0 || kept.some(({ family }) => failed.has(family));
  const failure = missed ? failureAfter(held, failed.has(4) ? ipv4 : ipv6, now) : undefined;
  const ends = kept.flatMap(({ family, keepUntil }) => (failed.has(family) ? [] : keepUntil - now));
  return {
    addresses: [...seen, ...kept].slice(0, maxHeld),
    said: seen.length > 0 ? 'addresses' : held.said,
    failure,
    refreshAt: now + (failure ? backOff(failure.count) : clamp(Math.min(...seen.map(({ ttlMs }) => ttlMs), ...ends))),
  };
}

/** True when a pod could tell the two apart: other addresses, or another word about them. */
export function differs(one: HeldName, other: HeldName): boolean {
  const text = ({ addresses, said, failure }: HeldName) =>
    JSON.stringify([addresses.map(({ address }) => address).sort(), said, failure?.since, failure?.why]);
  return text(one) !== text(other);
}

function seenAddresses(family: 4 | 6, answer: FamilyAnswer, now: number): (HeldAddress & { readonly ttlMs: number })[] {
  if (answer.kind !== 'addresses') return [];
  return answer.addresses.map(({ address, ttlSeconds }) => {
    const ttlMs = ttlSeconds * 1000;
    return { address, family, seenAt: now, keepUntil: now + Math.max(ttlMs, graceMs), ttlMs };
  });
}

function failureAfter({ failure }: HeldName, answer: FamilyAnswer, now: number): HeldName['failure'] {
  const why = answer.kind === 'failed' ? answer.why : 'UNKNOWN';
  return failure ? { ...failure, count: failure.count + 1 } : { why, since: now, count: 1 };
}

function backOff(count: number): number {
  return Math.min(floorMs * 2 ** (count - 1), maxBackOffMs);
}

function clamp(ms: number): number {
  return Math.min(Math.max(ms, floorMs), capMs);
}
