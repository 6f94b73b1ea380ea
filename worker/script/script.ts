/** The Script runtime: a whole program of the user's own, with the runner in the part of its launcher. */
import type { GatePassage } from '../../contract/gate.ts';
import { exitCodes } from '../../contract/pod.ts';
import { followMaster } from '../redis/failover.ts';
import { type Route, routeTo } from '../redis/route.ts';
import type { Address } from '../pod/address.ts';
import { clock } from '../pod/clock.ts';
import { FatalError } from '../pod/fatal.ts';
import { messageOf } from '../pod/foreign.ts';
import { serveHealth } from '../pod/health.ts';
import { type Logger, tellOnce } from '../pod/log.ts';
import { Outages } from '../pod/outage.ts';
import type { PodSettings } from '../pod/settings.ts';
import { runCycles } from './cycles.ts';
import { type Forwarder, startForwarder } from './forward.ts';
import { redisLink } from './redis-link.ts';
import { beginTenure, endTenure, type Watch, watchTenure } from './tenure.ts';

/** A script and its surroundings. */
export interface ScriptOptions {
  readonly forward: Address;
  readonly settings: PodSettings;
  /** What was found at the network gate, passed before. */
  readonly gate: GatePassage | undefined;
  /** Runs the script once, to its end; the signal's reason is passed on to it. */
  readonly run: (stop: AbortSignal) => Promise<number>;
  readonly stop: AbortSignal;
  readonly log: Logger;
}

/**
 * Runs a script, again and again while it ends with 0, until it fails or is to stop.
 * @returns the exit code for the pod
 * @throws FatalError when the hash cannot be used, another pod has it, or the forwarding address is taken
 */
export async function runScript(options: ScriptOptions): Promise<number> {
  const { settings, gate, stop, log } = options;
  const route = routeTo({ ...settings.redis, name: nameOf(settings) }, settings.hashKey);
  const tenure = {
    link: redisLink(() => route.connect()),
    hashKey: settings.hashKey,
    identity: { owner: settings.owner, ...(gate ? { gate } : {}) },
    outages: new Outages(log, clock.random),
    log,
  };
  let held = false;
  let watch: Watch | undefined;
  const runOnce = async (): Promise<number> => {
    held = await beginTenure(tenure, stop);
    if (!held || stop.aborted) return exitCodes.ok;
    watch = watchTenure(tenure);
    try {
      const code = await options.run(AbortSignal.any([stop, watch.lost]));
      if (watch.lost.aborted) throw fenced(settings.hashKey);
      return code;
    } finally {
      watch.end();
      watch = undefined;
    }
  };
  // The runner ends when the script does, so as long as it answers it is alive.
  const health = {
    alive: true,
    get ready() {
      return watch?.isUp() ?? false;
    },
  };
  const closeHealth = settings.health ? serveHealth(settings.health, health) : undefined;
  const forwarder = openForwarder(options, route);
  const failovers = followMaster(route, () => {
    log.warn('another server is the master now: the connections of the script are ended');
    tenure.link.close();
    forwarder.endConnections();
  });
  try {
    return await runCycles(runOnce, stop, log);
  } finally {
    failovers.end();
    forwarder.close();
    if (held) await endTenure(tenure);
    tenure.link.close();
    closeHealth?.();
  }
}

function openForwarder({ forward, log }: ScriptOptions, route: Route): Forwarder {
  const tell = tellOnce((sentence) => log.warn(sentence));
  try {
    return startForwarder(forward, () => route.dial(), (error) => {
      tell(`a connection of the script to Redis broke off: ${messageOf(error)}`);
    });
  } catch (cause) {
    const where = `${forward.hostname}:${forward.port}`;
    throw new FatalError('failed', `cannot listen on ${where}, where the script expects Redis: ${messageOf(cause)}`, {
      cause,
    });
  }
}

function nameOf({ hashKey }: PodSettings): string {
  return `redisworker-runner:${hashKey.replace(/[^\x21-\x7e]/g, '?')}`;
}

function fenced(hashKey: string): FatalError {
  return new FatalError('fenced', `the script was ended, for ${hashKey} is another pod's by now, or gone`);
}
