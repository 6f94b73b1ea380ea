/** Conditions as kstatus reads them: abnormal ones exist only while they hold. */
import type { Condition, ConditionType } from '../../api/redisworker.ts';

/** A condition before it has a time. */
export interface Finding {
  readonly type: ConditionType;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: string;
  readonly message: string;
}

/** Longest message the API takes. */
const maxMessage = 32_000;

/**
 * Dates findings: `lastTransitionTime` moves only when the status of a type changes.
 * @param now ISO time of this look
 */
export function conditions(
  findings: readonly Finding[],
  before: readonly Condition[],
  generation: number,
  now: string,
): Condition[] {
  return findings.map((finding) => {
    const last = before.find(({ type }) => type === finding.type);
    return {
      ...finding,
      message: finding.message.slice(0, maxMessage),
      observedGeneration: generation,
      lastTransitionTime: last?.status === finding.status ? last.lastTransitionTime : now,
    };
  });
}
