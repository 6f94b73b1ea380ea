/** The Script runtime: a whole program of the user's own, with the runner in the part of its launcher. */
import type { GatePassage } from '../../contract/gate.ts';
import { exitCodes } from '../../contract/pod.ts';
import { connectRedis, dialRedis } from '../redis/connection.ts';
import { FatalError, messageOf } from '../pod/fatal.ts';
import type { Address } from './arguments.ts';
import { runCycles } from './cycles.ts';
import { type Forwarder, startForwarder } from './forward.ts';
import { serveHealth } from './health.ts';
import type { Log } from './log.ts';
import { redisLink } from './redis-link.ts';
import type { ScriptSettings } from './settings.ts';
import { beginTenure, endTenure, type Watch, watchTenure } from './tenure.ts';

/** A script and its surroundings. */
export interface ScriptOptions {
  readonly hashKey: string;
  readonly forward: Address;
  readonly settings: ScriptSettings;
  /** What was found at the network gate, passed before. */
  readonly gate: GatePassage | undefined;
  /** Runs the script once, to its end; the signal's reason is passed on to it. */
  readonly run: (stop: AbortSignal) => Promise<number>;
  readonly stop: AbortSignal;
  readonly log: Log;
}

/**
 * Runs a script, again and again while it ends with 0, until it fails or is to stop.
 * @returns the exit code for the pod
 * @throws FatalError when the hash cannot be used or the forwarding address is taken
 */
export async function runScript(options: ScriptOptions): Promise<number> {
  const { settings, hashKey, gate, stop, log } = options;
  const tenure = {
    link: redisLink(() => connectRedis(settings.redis)),
    hashKey,
    podUid: settings.podUid,
    log,
    ...(gate ? { gate } : {}),
  };
  let held = false;
  let watch: Watch | undefined;
  const runOnce = async (): Promise<number> => {
    held = await beginTenure(tenure, stop);
    if (!held || stop.aborted) return exitCodes.ok;
    watch = watchTenure(tenure);
    try {
      const code = await options.run(AbortSignal.any([stop, watch.lost]));
      return watch.lost.aborted ? exitCodes.fenced : code;
    } finally {
      watch.end();
      watch = undefined;
    }
  };
  const closeHealth = settings.health ? serveHealth(settings.health, () => watch?.isUp() ?? false) : undefined;
  const forwarder = openForwarder(options);
  try {
    return await runCycles(runOnce, stop, log);
  } finally {
    forwarder.close();
    if (held) await endTenure(tenure);
    tenure.link.close();
    await closeHealth?.();
  }
}

function openForwarder({ forward, settings, log }: ScriptOptions): Forwarder {
  try {
    return startForwarder(forward, () => dialRedis(settings.redis), (error) => {
      log.warnOnce(`a connection of the script to Redis broke off: ${messageOf(error)}`);
    });
  } catch (cause) {
    const where = `${forward.hostname}:${forward.port}`;
    throw new FatalError('failed', `cannot listen on ${where}, where the script expects Redis: ${messageOf(cause)}`, {
      cause,
    });
  }
}
