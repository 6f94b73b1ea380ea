/** What is decided about one observation. */
import type { Desired } from '../desired/index.ts';
import type { Action } from '../model/action.ts';
import type { Scale } from './scale.ts';
import type { Problem } from '../model/problem.ts';
import type { RolloutState } from './canary.ts';

/** What to write now, and what has to happen before more can be done. */
export interface Steps {
  readonly actions: readonly Action[];
  /** Shown in the Reconciling condition. */
  readonly waitingFor: readonly string[];
}

/** The steps, who is wanted, and what stands in the way. */
export interface Plan extends Steps {
  /** Ids of the consumers there should be; their pods run unless the worker is suspended. */
  readonly wanted: readonly string[];
  /** How their number was decided, where the operator decides it. */
  readonly scale?: Scale | undefined;
  /** Those of them that keep what they run until it is their turn to get what is asked for now. */
  readonly held: ReadonlySet<string>;
  /** What is known of the canary; undefined without one. */
  readonly rollout: RolloutState | undefined;
  /** Faults that keep the plan from being more; the first stands in Ready. */
  readonly problems: readonly Problem[];
  /** The whole desired state, when it could be computed. */
  readonly desired: Desired | undefined;
}

/** Steps of several plans, in their order. */
export function joined(all: readonly Steps[]): Steps {
  return { actions: all.flatMap(({ actions }) => actions), waitingFor: all.flatMap(({ waitingFor }) => waitingFor) };
}
