/** How far a contender is, by the clock of the server, and how fast it was. Pure but for {@link sample}. */
import type { Command } from '../worker/redis/commands.ts';
import { itemsOf, textOf } from '../worker/redis/replies.ts';
import type { Reply } from '../worker/redis/resp.ts';
import type { Pipelined } from './requests.ts';

/** What to ask the server, and how many requests its replies say are done. */
export interface Progress {
  readonly commands: readonly Command[];
  readonly done: (replies: readonly Reply[]) => number;
}

/** Requests done at a moment: microseconds of the server's clock. */
export interface Sample {
  readonly done: number;
  readonly us: number;
}

/** Requests per second: of the whole run, of its first {@link firstRequests}, and of those behind them where there are enough. */
export interface Speed {
  readonly perSecond: number;
  readonly firstPerSecond?: number;
  readonly warmPerSecond?: number;
}

/** So many requests are the warm-up of a process. */
export const firstRequests = 20_000;

/** What is behind the warm-up counts for itself when it is at least as much. */
const enough = firstRequests;

/** Requests a group has acknowledged: what was delivered, without what is pending. */
export function acknowledgedBy(stream: string, group: string): Progress {
  return {
    commands: [['XINFO', 'GROUPS', stream]],
    done: ([groups = null]) => {
      const own = groupIn(groups, group);
      return Number(own.get('entries-read') ?? 0) - Number(own.get('pending') ?? 0);
    },
  };
}

/** Entries of a stream of answers. */
export function answeredIn(stream: string): Progress {
  return { commands: [['XLEN', stream]], done: ([length]) => Number(length) };
}

/** What has left the lists of a queue that had so many. */
export function goneFrom(lists: readonly string[], requests: number): Progress {
  return {
    commands: lists.map((list) => ['LLEN', list]),
    done: (lengths) => lengths.reduce<number>((left, length) => left - Number(length), requests),
  };
}

/** Asks once; the moment is read in the same write. */
export async function sample(client: Pipelined, { commands, done }: Progress): Promise<Sample> {
  const replies = await client.pipeline([...commands, ['TIME']]) as Reply[];
  const [seconds, us] = itemsOf(replies.at(-1) ?? null).map(textOf);
  return { done: done(replies.slice(0, -1)), us: Number(seconds) * 1e6 + Number(us) };
}

/**
 * From the first sample in which something was done to the last in which something was left, since what happened between
 * samples has no moment; a run too short for that ends with its last sample.
 * @throws Error when nothing was done
 */
export function speedOf(samples: readonly Sample[], requests: number): Speed {
  const begun = samples.filter(({ done }) => done > 0);
  const inside = begun.filter(({ done }) => done < requests);
  const [first, last] = [begun[0], inside.length > 1 ? inside.at(-1) : begun.at(-1)];
  if (first === undefined || last === undefined) throw new Error('nothing was done while it was looked at');
  const warm = momentOf(begun, first.done + firstRequests);
  const perSecond = between(first, last);
  if (warm === undefined) return { perSecond };
  const firstPerSecond = between(first, warm);
  return last.done - warm.done < enough
    ? { perSecond, firstPerSecond }
    : { perSecond, firstPerSecond, warmPerSecond: between(warm, last) };
}

/** When so many were done, as if the work between two samples were even; undefined when there never were. */
function momentOf(samples: readonly Sample[], done: number): Sample | undefined {
  const at = samples.findIndex((one) => one.done >= done);
  const [before, after] = [samples[at - 1], samples[at]];
  if (before === undefined || after === undefined) return undefined;
  const share = (done - before.done) / (after.done - before.done);
  return { done, us: before.us + share * (after.us - before.us) };
}

function between(from: Sample, to: Sample): number {
  return Math.round(((to.done - from.done) * 1e6) / Math.max(to.us - from.us, 1));
}

/** What XINFO GROUPS says of one; nothing when there is none. */
export function groupIn(groups: Reply, name: string): ReadonlyMap<string, string> {
  return itemsOf(groups).map(pairsOf).find((one) => one.get('name') === name) ?? new Map();
}

/** Names and values, which come as a flat list. */
export function pairsOf(reply: Reply): ReadonlyMap<string, string> {
  const flat = itemsOf(reply).map(textOf);
  return new Map(flat.flatMap((name, at) => (at % 2 === 0 ? [[name, flat[at + 1] ?? '']] : [])));
}
