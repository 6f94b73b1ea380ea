/** What an answer of the canary means. Pure. */
import type { GateResult } from '../../../contract/gate.ts';

/** What came of dialling: `forbidden` is Deno's own refusal, which says nothing about the network. */
export type Answer = 'connected' | 'refused' | 'unresolved' | 'forbidden';

/** What is known so far. */
export interface Progress {
  /** Milliseconds since the allowed target was reached. */
  readonly waitedMs: number;
  /** Times the canary answered. */
  readonly opened: number;
}

/** The end of the gate, or another try. */
export type Step = { readonly do: 'pass'; readonly result: GateResult } | { readonly do: 'retry' };

/** How long an engine gets to close the network of a new pod, and how often to look meanwhile, in milliseconds. */
export const deadlineMs = 10_000;
export const retryMs = 100;

/** Decides over one answer; `opened` counts it already. */
export function nextStep(answer: Answer, { waitedMs, opened }: Progress): Step {
  if (answer === 'refused') return { do: 'pass', result: 'Refused' };
  if (answer !== 'forbidden' && waitedMs < deadlineMs) return { do: 'retry' };
  return { do: 'pass', result: opened > 0 ? 'Open' : 'Unverified' };
}
