/**
 * How new code and settings reach the consumers: step by step, so that what does not come up takes no more consumers
 * than `spec.rollout` allows, and past the canary where there is one. The others keep what they run. Pure.
 */
import { readStatus } from '../../api/redisworker.ts';
import type { KubeObject } from '../../cluster/cluster.ts';
import type { Desired } from '../desired/index.ts';
import type { Observed, ObservedSpec } from '../model/observed.ts';
import { canarySize, type RolloutState, rolloutState } from './canary.ts';
import { keptFor } from './kept.ts';
import { mayBeHeld, releasedIds } from './released.ts';
import { remembering, type Roll, rollsOf } from './rolls.ts';

/** What a rollout lets be written now. */
export interface Rollout extends Pick<Desired, 'deployments' | 'configHashes'> {
  /**
   * Ids of the consumers that keep what they run for now, or go back to it: one that restarts reads the hash its code
   * was made for.
   */
  readonly held: ReadonlySet<string>;
  /** What the status is to say. */
  readonly state: RolloutState | undefined;
}

/** Decides who is held. Stopping and narrowing hold nobody, nor is anybody held on code that does not work. */
export function rolloutOf(observed: Observed, spec: ObservedSpec, desired: Desired): Rollout {
  const rolls = rollsOf(observed, spec, desired);
  const prior = priorOf(observed, spec);
  const state = rolloutState({
    ...spec.blueprint,
    now: observed.now,
    revision: desired.revision,
    rolls,
    responses: observed.responses,
    prior,
  });
  const phase = phaseOf(state, prior);
  const held = heldIn(phase, spec, rolls);
  return {
    ...writtenNow(observed, spec, desired, { rolls, phase, held, previous: state?.previousRevision }),
    held,
    state,
  };
}

/** What the status says of the canary, for a worker that has one. */
export function priorOf({ object }: Observed, { blueprint }: ObservedSpec): RolloutState | undefined {
  return blueprint.rollout.canary === undefined ? undefined : readStatus(object)?.rollout;
}

/** Nothing is done about a verdict that the status does not have yet: an operator that ends now would forget it. */
type Phase = 'Free' | 'Starting' | 'Running' | 'Failed';

function phaseOf(state: RolloutState | undefined, prior: RolloutState | undefined): Phase {
  if (state?.canary === undefined) return 'Free';
  if (prior?.revision !== state.revision) return 'Starting';
  const { verdict = 'Promoted' } = prior.canary ?? {};
  return verdict === 'Promoted' ? 'Free' : verdict;
}

function heldIn(phase: Phase, { blueprint }: ObservedSpec, rolls: readonly Roll[]): ReadonlySet<string> {
  const { suspend, rollout } = blueprint;
  switch (phase) {
    case 'Free': {
      if (suspend) return new Set();
      const released = releasedIds(rolls, rollout);
      return idsOf(rolls.filter((roll) => mayBeHeld(roll) && !released.has(roll.id)));
    }
    case 'Starting':
      return idsOf(rolls.filter(({ stage, mayWait }) => stage === 'New' || (stage === 'Before' && mayWait)));
    case 'Running': {
      const released = canariesOf(rolls, rollout);
      return idsOf(
        rolls.filter(({ id, stage, mayWait, runsRevision }) =>
          !runsRevision && (stage === 'New' || (stage === 'Before' && mayWait && !released.has(id)))
        ),
      );
    }
    case 'Failed':
      return idsOf(rolls);
  }
}

/** Those of the canary first, whose secrets may have been rotated since; then the others, until there are enough. */
function canariesOf(rolls: readonly Roll[], rollout: ObservedSpec['blueprint']['rollout']): ReadonlySet<string> {
  const ours = rolls.filter(({ runsRevision }) => runsRevision);
  const others = rolls.filter(({ runsRevision }) => !runsRevision);
  const made = ours.filter(({ stage, isBroken }) => stage !== 'Before' && !isBroken).length;
  return releasedIds([...ours, ...others], {
    maxUnavailable: rollout.maxUnavailable,
    most: canarySize(rollout, rolls.length) - made,
    mendsNone: ours.length > 0,
  });
}

/** What is written now: of those that are held only what brings them back to what they ran, or up and down. */
function writtenNow(
  observed: Observed,
  spec: ObservedSpec,
  desired: Desired,
  { rolls, phase, held, previous }: Decided,
): Pick<Desired, 'deployments' | 'configHashes'> {
  const isRolling = rolls.some(({ stage }) => stage === 'Before');
  const free = rolls.filter(({ id }) => !held.has(id));
  const kept = phase === 'Free'
    ? []
    : keptFor(rolls.filter(({ id }) => held.has(id)), { observed, spec, desired, previous });
  return {
    deployments: new Map([
      ...free.map((roll) => {
        const wanted = desired.deployments.get(roll.id) as KubeObject;
        return [roll.id, isRolling ? remembering(roll, wanted, observed.now) : wanted] as const;
      }),
      ...kept.flatMap(({ id, deployment }) => (deployment ? [[id, deployment] as const] : [])),
    ]),
    configHashes: new Map([
      ...free.map(({ id }) => [id, desired.configHashes.get(id) ?? {}] as const),
      ...kept.flatMap(({ id, fields }) => (fields ? [[id, fields] as const] : [])),
    ]),
  };
}

/** What follows from who is held. */
interface Decided {
  readonly rolls: readonly Roll[];
  readonly phase: Phase;
  readonly held: ReadonlySet<string>;
  /** Revision all consumers ran before. */
  readonly previous: string | undefined;
}

function idsOf(rolls: readonly Roll[]): ReadonlySet<string> {
  return new Set(rolls.map(({ id }) => id));
}
