/** The network gate, passed by the runner for its child. */
import type { GatePassage } from '../../contract/gate.ts';
import type { Address } from '../pod/address.ts';
import { passGate } from '../pod/gate/pass.ts';
import type { GateDuty } from '../pod/gate/duty.ts';
import { serveHealth } from '../pod/health.ts';
import type { Logger } from '../pod/log.ts';
import { after } from '../pod/timers.ts';

/** A gate is passed at once or takes a while, as where Redis is away: the kubelet then wants to hear that all is well. */
const soonMs = 2000;

/** Where, and how long. */
export interface AtGate {
  readonly duty: GateDuty;
  /** Where to answer probes meanwhile; free again afterwards. */
  readonly health: Address | undefined;
  readonly stop: AbortSignal;
  readonly log: Logger;
}

/**
 * Passes the gate.
 * @returns what was found; undefined where there is none, or when `stop` came first
 * @throws FatalError as {@link passGate}
 */
export async function passRunnersGate({ duty, health, stop, log }: AtGate): Promise<GatePassage | undefined> {
  let close: (() => void) | undefined;
  const later = after(soonMs, () => {
    if (health) close = serveHealth(health, { alive: true, ready: false });
  });
  try {
    return await Promise.race([passGate(duty, log), aborted(stop)]);
  } finally {
    later.cancel();
    close?.();
  }
}

function aborted(stop: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (stop.aborted) resolve(undefined);
    stop.addEventListener('abort', () => resolve(undefined), { once: true });
  });
}
