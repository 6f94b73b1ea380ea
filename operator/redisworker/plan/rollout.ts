/**
 * How new code and settings reach the consumers: step by step, so that what does not come up takes no more consumers
 * than `spec.rollout` allows. The others keep what they run. Pure.
 */
import type { Desired } from '../desired/index.ts';
import type { Observed, ObservedSpec } from '../model/observed.ts';
import { releasedIds } from './released.ts';
import { rememberingBroken, type Roll, rollsOf } from './rolls.ts';

/** What a rollout lets be written now. */
export interface Rollout {
  /**
   * Ids of the consumers whose Deployment and config hash stay as they are for now: one that restarts reads the hash
   * its code was made for.
   */
  readonly held: ReadonlySet<string>;
  readonly deployments: Desired['deployments'];
}

/** Decides who is held. Stopping and narrowing hold nobody, nor is anybody held on code that does not work. */
export function rolloutOf(observed: Observed, spec: ObservedSpec, desired: Desired): Rollout {
  const rolls = rollsOf(observed, spec, desired);
  return { held: heldOf(spec, rolls), deployments: remembered(desired, rolls) };
}

function heldOf({ blueprint: { suspend, rollout } }: ObservedSpec, rolls: readonly Roll[]): ReadonlySet<string> {
  if (suspend) return new Set();
  const released = releasedIds(rolls, rollout);
  const isHeld = ({ id, stage, mayWait }: Roll) => stage === 'Before' && mayWait && !released.has(id);
  return new Set(rolls.filter(isHeld).map(({ id }) => id));
}

/** Deployments remember whose consumer was broken, so that it never counts as one the rollout has taken. */
function remembered({ deployments }: Desired, rolls: readonly Roll[]): Desired['deployments'] {
  if (!rolls.some(({ stage }) => stage === 'Before')) return deployments;
  const broken = new Set(rolls.filter(({ isBroken }) => isBroken).map(({ id }) => id));
  return new Map(
    [...deployments].map(([id, wanted]) => [id, broken.has(id) ? rememberingBroken(wanted) : wanted] as const),
  );
}
