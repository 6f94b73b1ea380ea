/** How many consumers a rollout takes at once, and which. Pure. */
import type { Roll } from './rolls.ts';

/** Of `spec.rollout.maxUnavailable`: a number, or a percentage that is rounded down; never less than one. */
export function unavailableOf(maxUnavailable: string, consumers: number): number {
  const amount = Number.parseInt(maxUnavailable, 10);
  return Math.max(1, maxUnavailable.endsWith('%') ? Math.floor(amount * consumers / 100) : amount);
}

/**
 * Ids of those that wait no longer: broken ones all at once, and of those that work, in their order, as many as may be
 * not ready. Code that was not seen to work yet does not reach those that stop working while it is tried.
 * @param most consumers that work and may be taken; fewer when that many are not ready already
 */
export function releasedIds(
  rolls: readonly Roll[],
  { maxUnavailable, most = Infinity }: { readonly maxUnavailable: string; readonly most?: number },
): ReadonlySet<string> {
  const waiting = rolls.filter(({ stage, mayWait }) => stage === 'Before' && mayWait);
  const working = waiting.filter(({ isWorking }) => isWorking);
  const proven = rolls.filter(({ stage }) => stage === 'Proven').length;
  const tried = rolls.filter(({ stage, isBroken }) => stage === 'Tried' && !isBroken).length;
  const mended = proven > 0 || tried === 0 ? waiting.filter(({ isWorking }) => !isWorking) : [];
  const room = unavailableOf(maxUnavailable, rolls.length) - tried - rolls.filter(isLeft).length;
  const spare = maxUnavailable === '100%' || rolls.length === 1 ? Infinity : proven + working.length - 1;
  const taken = working.slice(0, Math.max(0, Math.min(room, spare, most)));
  return new Set([...mended, ...taken].map(({ id }) => id));
}

/** One that is not ready, or will not be in a moment, because of what is asked for now. */
function isLeft({ stage, mayWait, isWorking, isBroken }: Roll): boolean {
  return stage === 'Before' && (isWorking ? !mayWait : !isBroken);
}
