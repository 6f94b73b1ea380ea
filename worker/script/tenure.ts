/** The time in which this pod runs the consumer: taken, watched and given back, over a Redis that may come and go. */
import { messageOf } from '../pod/foreign.ts';
import { type Holder, type Identity, leavePlace, readHolder } from '../pod/identity.ts';
import { type Logger, tellOnce } from '../pod/log.ts';
import type { Outages } from '../pod/outage.ts';
import { pause } from '../pod/timers.ts';
import { waitForPlace } from '../pod/waiting.ts';
import type { RedisLink } from './redis-link.ts';

/** How often to look, in ms. */
const untilScriptIsUp = 100;
const whileRunning = 1000;
/** How long giving back may take before it is left to the next start of this pod, or to the operator. */
const releaseDeadline = 2000;

/** Whose hash, and how to reach it. */
export interface TenureOptions {
  readonly link: RedisLink;
  readonly hashKey: string;
  readonly identity: Identity;
  readonly outages: Outages;
  readonly log: Logger;
}

/** A running watch over the hash. */
export interface Watch {
  /** Aborted, with SIGKILL as the reason, once another pod owns the hash or the hash is gone. */
  readonly lost: AbortSignal;
  /** True while Redis answers and the script has set its pid: it is up. */
  isUp(): boolean;
  end(): void;
}

/**
 * Waits until the place is ours.
 * @returns false when `stop` came first
 * @throws FatalError when the key holds something else than a hash
 */
export async function beginTenure(options: TenureOptions, stop: AbortSignal): Promise<boolean> {
  const { link, hashKey, identity, outages, log } = options;
  const waiting = {
    tell: tellOnce((sentence) => log.warn(sentence)),
    onLook: () => outages.over(),
    until: stop,
  };
  const fields = await outages.ride(
    () => link.use((redis) => waitForPlace(redis, hashKey, identity, waiting)),
    stop,
  );
  return fields !== undefined;
}

/** Watches over a place that is ours while the script runs. */
export function watchTenure({ link, hashKey, identity: { owner }, log }: TenureOptions): Watch {
  const lost = new AbortController();
  const ended = new AbortController();
  const tell = tellOnce((sentence) => log.warn(sentence));
  let up = false;
  const look = async (): Promise<void> => {
    const holder = await link.use((redis) => readHolder(redis, hashKey));
    up = holder.pid !== undefined && holder.owner === owner;
    if (holder.owner === owner || ended.signal.aborted) return;
    log.error(`"${hashKey}" ${tellLoss(holder)}: ending the process`);
    lost.abort('SIGKILL' satisfies Deno.Signal);
  };
  const watch = async (): Promise<void> => {
    while (!ended.signal.aborted && !lost.signal.aborted) {
      await look().catch((error: unknown) => {
        up = false;
        tell(`Redis does not answer: ${messageOf(error)}`);
      });
      await pause(up ? whileRunning : untilScriptIsUp, ended.signal);
    }
  };
  void watch();
  return { lost: lost.signal, isUp: () => up, end: () => ended.abort() };
}

function tellLoss({ owner }: Holder): string {
  return owner === undefined ? 'no longer names this pod as its owner, or is gone' : `was taken over by pod ${owner}`;
}

/** Gives the place back, when it is still ours and Redis answers soon. */
export async function endTenure({ link, hashKey, identity, log }: TenureOptions): Promise<void> {
  const deadline = new AbortController();
  const late = pause(releaseDeadline, deadline.signal).then(() => {
    if (!deadline.signal.aborted) throw new Error('no answer in time');
  });
  try {
    await Promise.race([link.use((redis) => leavePlace(redis, hashKey, identity)), late]);
  } catch (error) {
    log.warn(`the field "pid" of "${hashKey}" could not be removed, the next start does it: ${messageOf(error)}`);
  } finally {
    deadline.abort();
  }
}
