/** The time in which this pod runs the consumer: taken, watched and given back, over a Redis that may come and go. */
import type { GatePassage } from '../../contract/gate.ts';
import { FatalError, messageOf } from '../pod/fatal.ts';
import type { Log } from './log.ts';
import { type Holder, readHolder, release, take, type Taking } from './ownership.ts';
import { pause } from './pause.ts';
import type { RedisLink } from './redis-link.ts';

/** How often to look, in ms. */
const whileWaiting = 300;
const untilScriptIsUp = 100;
const whileRunning = 1000;
/** How long giving back may take before it is left to the next start of this pod, or to the operator. */
const releaseDeadline = 2000;

/** Whose hash, and how to reach it. */
export interface TenureOptions {
  readonly link: RedisLink;
  readonly hashKey: string;
  readonly podUid: string;
  /** What this pod found at the network gate, to be told; absent where there is none. */
  readonly gate?: GatePassage;
  readonly log: Log;
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
 * Waits until the hash is ours.
 * @returns false when `stop` came first
 * @throws FatalError when the key holds something else than a hash
 */
export async function beginTenure(options: TenureOptions, stop: AbortSignal): Promise<boolean> {
  const { link, hashKey, podUid, gate, log } = options;
  while (!stop.aborted) {
    const taking = await link.use((redis) => take(redis, hashKey, podUid, gate)).catch((error: unknown) => {
      refuseWrongType(error, hashKey);
      log.warnOnce(`Redis cannot be used yet, trying again: ${messageOf(error)}`);
    });
    if (taking?.kind === 'taken') return true;
    if (taking) reportObstacle(taking, options);
    if (taking?.kind !== 'raced') await pause(whileWaiting * (0.5 + Math.random()), stop);
  }
  return false;
}

function reportObstacle(taking: Taking, { hashKey, log }: TenureOptions): void {
  if (taking.kind === 'absent') {
    log.warnOnce(`the config hash "${hashKey}" is missing: waiting until the operator writes it`);
  }
  if (taking.kind !== 'held') return;
  const { pid, owner } = taking.holder;
  const holder = owner === undefined ? `process ${pid} of no known pod` : `process ${pid} of pod ${owner}`;
  log.warnOnce(`"${hashKey}" is in use by ${holder}: waiting until its field "pid" is removed`);
}

/** Watches over a hash that is ours while the script runs. */
export function watchTenure({ link, hashKey, podUid, log }: TenureOptions): Watch {
  const lost = new AbortController();
  const ended = new AbortController();
  let up = false;
  const look = async (): Promise<void> => {
    const holder = await link.use((redis) => readHolder(redis, hashKey));
    up = holder.pid !== undefined && holder.owner === podUid;
    if (holder.owner === podUid || ended.signal.aborted) return;
    log.error(`"${hashKey}" ${tellLoss(holder)}: ending the process`);
    lost.abort('SIGKILL' satisfies Deno.Signal);
  };
  const watch = async (): Promise<void> => {
    while (!ended.signal.aborted && !lost.signal.aborted) {
      await look().catch((error: unknown) => {
        up = false;
        log.warnOnce(`Redis does not answer: ${messageOf(error)}`);
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

/** Gives the hash back, when it is still ours and Redis answers soon. */
export async function endTenure({ link, hashKey, podUid, log }: TenureOptions): Promise<void> {
  const deadline = new AbortController();
  const late = pause(releaseDeadline, deadline.signal).then(() => {
    if (!deadline.signal.aborted) throw new Error('no answer in time');
  });
  try {
    await Promise.race([link.use((redis) => release(redis, hashKey, podUid)), late]);
  } catch (error) {
    log.warn(`the field "pid" of "${hashKey}" could not be removed, the next start does it: ${messageOf(error)}`);
  } finally {
    deadline.abort();
  }
}

function refuseWrongType(error: unknown, hashKey: string): void {
  if (messageOf(error).startsWith('WRONGTYPE')) {
    throw new FatalError(
      'badConfig',
      `the key "${hashKey}" is no hash: another program uses it; rename the worker type or delete the key`,
    );
  }
}
