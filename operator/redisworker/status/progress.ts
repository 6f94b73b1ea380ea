/** How far a rollout is, in words. */
import type { Blueprint } from '../model/blueprint.ts';
import type { Plan } from '../plan/plan.ts';
import type { ConsumerRow } from './consumer-rows.ts';

/** How many consumers run what is asked for now, and how the canary fares; undefined when nothing is rolled out. */
export function progressOf(
  { rollout, held }: Plan,
  { generation, rollout: { canary: asked } }: Pick<Blueprint, 'generation' | 'rollout'>,
  unready: readonly ConsumerRow[],
  wanted: readonly ConsumerRow[],
): string | undefined {
  if (held.size === 0 && !unready.some(({ row }) => row.state === 'Updating')) return undefined;
  const [all, updated] = [wanted.length, wanted.length - unready.length];
  const steps = `${updated} of ${all} consumers ${updated === 1 ? 'runs' : 'run'} generation ${generation}`;
  const canary = rollout?.canary;
  if (canary?.verdict !== 'Running') return steps;
  if (canary.readyTime === undefined) return `${steps}; the canary is not ready yet`;
  return `${steps}; canary: ${canary.requests} of ${asked?.minRequests ?? 0} requests, ${canary.failed} failed`;
}

/** What a canary that failed leaves: a worker only another spec can help. */
export function canaryFailure({ rollout, wanted }: Plan): string | undefined {
  const canary = rollout?.canary;
  if (canary?.verdict !== 'Failed') return undefined;
  return `new code has failed on the canary: ${canary.message ?? 'nobody says why'}; ${
    wanted.length === 1 ? 'the consumer keeps' : `all ${wanted.length} consumers keep or go back to`
  } what worked: correct the spec, or apply the one before`;
}
