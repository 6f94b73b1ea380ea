/** Our hold on entries that were delivered to us. Redis gives an entry that nobody renews to whoever asks. */
import type { HandlerSettings } from '../../contract/pod.ts';
import type { Connection } from '../redis/connection.ts';
import type { Command } from '../redis/commands.ts';
import { itemsOf, textOf } from '../redis/replies.ts';
import { RedisError } from '../redis/resp.ts';
import type { Held, InFlightTable } from './in-flight.ts';
import type { Place } from './place.ts';

/** Milliseconds after which an entry nobody renews counts as left behind. */
export function orphanIdleMs({ timeoutSeconds, leaseSeconds }: HandlerSettings): number {
  return 1000 * (leaseSeconds ?? Math.max(60, timeoutSeconds * 2));
}

/**
 * True when another consumer may have an entry by now: it was last known to be ours too long ago, as after this process
 * or its machine stood still. So it is when the clock was set back.
 */
export function isInDoubt({ provenMs }: Pick<Held, 'provenMs'>, nowMs: number, settings: HandlerSettings): boolean {
  const age = nowMs - provenMs;
  return age < 0 || age > orphanIdleMs(settings) / 2;
}

/** Of entries that are ours: KEYS stream; ARGV group, consumer, id… Renews our hold, and returns those it is not on. */
const renewScript = `local gone = {}
for at = 3, #ARGV do
  if #redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[at], ARGV[at], 1, ARGV[2]) == 0 then gone[#gone + 1] = ARGV[at]
  else redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, ARGV[at], 'JUSTID') end
end
return gone`;

/** The same with ARGV group, consumer, milliseconds, then id, deliveries…: gives what is ours up to anybody. */
const releaseScript = `for at = 4, #ARGV, 2 do
  if #redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[at], ARGV[at], 1, ARGV[2]) == 1 then
    redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, ARGV[at], 'IDLE', ARGV[3], 'RETRYCOUNT', ARGV[at + 1], 'JUSTID')
  end
end`;

/** Entries one script looks at. */
const maxEntries = 250;

/**
 * Renews our hold on entries, but for those that another consumer has taken, or that are acknowledged.
 * @returns the ids of those
 */
export async function renew(connection: Connection, place: Place, ids: readonly string[]): Promise<Set<string>> {
  const replies = await connection.pipeline(chunks(ids).map((some) => script(renewScript, place, some)));
  const gone = new Set<string>();
  for (const reply of replies) {
    if (reply instanceof RedisError && reply.message.includes('NOGROUP')) continue; // it says nothing of who has what
    if (reply instanceof RedisError) throw reply;
    for (const id of itemsOf(reply)) gone.add(textOf(id));
  }
  return gone;
}

/** Renews our hold on requests that take long, three times per lease, and gives those up that are another's by now. */
export async function renewLeases(
  connection: Connection,
  place: Place,
  inFlight: InFlightTable,
  nowMs: number,
): Promise<void> {
  const fresh = orphanIdleMs(place.settings) / 6;
  const due = inFlight.all().filter(({ provenMs }) => nowMs < provenMs || nowMs - provenMs > fresh);
  const gone = await renew(connection, place, due.map(({ entry }) => entry.id));
  for (const held of due) {
    if (!gone.has(held.entry.id)) held.provenMs = nowMs;
    else if (held.state !== 'committing') inFlight.drop(held); // what is being committed is settled there
  }
}

/**
 * Releases what this process could not finish: another consumer, or its own successor, takes it at once.
 * What came to this process and was never started does not count as delivered.
 * @param started ids of what was started, here or before it came here
 */
export async function handOver(
  connection: Connection,
  place: Place,
  pending: readonly { readonly id: string; readonly deliveries: number }[],
  started: ReadonlySet<string>,
): Promise<void> {
  const countOf = ({ id, deliveries }: { id: string; deliveries: number }) =>
    started.has(id) ? deliveries : Math.max(0, deliveries - 1);
  await connection.pipeline(
    chunks(pending).map((some) =>
      script(releaseScript, place, [releasedIdleMs, ...some.flatMap((one) => [one.id, countOf(one)])])
    ),
  );
}

/** Idle enough for anybody: above {@link orphanIdleMs} of any worker. */
const releasedIdleMs = 7 * 24 * 3600 * 1000;

function script(text: string, { requestStream, consumerId, settings }: Place, more: Command): Command {
  return ['EVAL', text, 1, requestStream, settings.group, consumerId, ...more];
}

function chunks<T>(all: readonly T[]): T[][] {
  return Array.from(
    { length: Math.ceil(all.length / maxEntries) },
    (_, at) => all.slice(at * maxEntries, (at + 1) * maxEntries),
  );
}
