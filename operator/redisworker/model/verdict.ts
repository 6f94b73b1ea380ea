/** What a reconcile came to, beyond what it saw: the part of a status that no observation tells. */
import type { Plan } from './action.ts';
import type { Desired } from '../desired/index.ts';
import type { Problem } from './problem.ts';

/** The outcome of planning and writing. */
export interface Verdict {
  /** Faults that keep the plan from being made; the first stands in Ready. */
  readonly problems: readonly Problem[];
  readonly plan: Plan | undefined;
  readonly desired: Desired | undefined;
  /** Why the writes of this reconcile stopped half way; they go on with the next. */
  readonly failure: { readonly reason: string; readonly message: string } | undefined;
}
