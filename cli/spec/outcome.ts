/** What came of a test spec, as it travels from where it was run to where it is told. */
import { z } from 'zod';
import type { Difference } from './difference.ts';

const difference = z.object({
  path: z.string(),
  expected: z.string().optional(),
  found: z.string().optional(),
}) satisfies z.ZodType<Difference>;

const caseOutcome = z.object({
  name: z.string(),
  /** `file:line` */
  where: z.string(),
  /** Until the reply; absent when there was none. */
  ms: z.number().optional(),
  ref: z.string(),
  differences: z.array(difference),
  /** Why there is nothing to compare, in one sentence. */
  fault: z.string().optional(),
});

/** The cases of one file. */
export const specOutcome = z.object({
  file: z.string(),
  cases: z.array(caseOutcome),
  /** Why its cases were not run, in one sentence. */
  fault: z.string().optional(),
});

export type CaseOutcome = z.infer<typeof caseOutcome>;
export type SpecOutcome = z.infer<typeof specOutcome>;

export function isPassed({ differences, fault }: CaseOutcome): boolean {
  return fault === undefined && differences.length === 0;
}

/** All cases were run, and all are as expected. */
export function isAllPassed(outcomes: readonly SpecOutcome[]): boolean {
  return outcomes.every(({ cases, fault }) => fault === undefined && cases.every(isPassed));
}
