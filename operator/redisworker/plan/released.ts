/** How many consumers a rollout takes at once, and which. Pure. */
import type { Roll } from './rolls.ts';

/** Of `spec.rollout.maxUnavailable`: a number, or a percentage that is rounded down; never less than one. */
export function unavailableOf(maxUnavailable: string, consumers: number): number {
  const amount = Number.parseInt(maxUnavailable, 10);
  return Math.max(1, maxUnavailable.endsWith('%') ? Math.floor(amount * consumers / 100) : amount);
}

/** How a rollout is to go on. */
export interface Pace {
  readonly maxUnavailable: string;
  /** Consumers that work and may be taken at most. */
  readonly most?: number;
  /** Broken consumers are held all the same. */
  readonly mendsNone?: boolean;
}

/**
 * Ids of those that wait no longer: broken ones all at once, and of those that work, in their order, as many as may be
 * not ready. Code that was not seen to work yet does not reach those that stop working while it is tried.
 */
export function releasedIds(
  rolls: readonly Roll[],
  { maxUnavailable, most = Infinity, mendsNone = false }: Pace,
): ReadonlySet<string> {
  const waiting = rolls.filter(mayBeHeld);
  const working = waiting.filter(({ isWorking }) => isWorking);
  const proven = rolls.filter(({ stage }) => stage === 'Proven').length;
  const tried = rolls.filter(({ stage, isBroken }) => stage === 'Tried' && !isBroken).length;
  const mended = !mendsNone && (proven > 0 || tried === 0) ? waiting.filter(({ isWorking }) => !isWorking) : [];
  const room = unavailableOf(maxUnavailable, rolls.length) - tried - rolls.filter(isLeft).length;
  const spare = maxUnavailable === '100%' || rolls.length === 1 ? Infinity : proven + working.length - 1;
  const taken = working.slice(0, Math.max(0, Math.min(room, spare, most)));
  return new Set([...mended, ...taken].map(({ id }) => id));
}

/** One that runs, and may go on with what it runs. */
export function mayBeHeld({ stage, mayWait, isDown }: Roll): boolean {
  return stage === 'Before' && mayWait && !isDown;
}

/** One that is not ready, or will not be in a moment, because of what is asked for now. */
function isLeft(roll: Roll): boolean {
  return roll.stage === 'Before' && (roll.isWorking ? !mayBeHeld(roll) : !roll.isBroken);
}
