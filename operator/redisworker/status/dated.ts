/** Conditions as kstatus reads them: abnormal ones exist only while they hold. */
import type { Condition, ConditionType } from '../../api/redisworker.ts';
import type { Reason } from '../model/reasons.ts';
import { bounded, inOneLine } from './text.ts';

/** A condition before it has a time. */
export interface UndatedCondition {
  readonly type: ConditionType;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: Reason;
  readonly message: string;
}

/** Longest message the API takes. */
const maxMessage = 32_000;

/**
 * Dates conditions: `lastTransitionTime` moves only when the status of a type changes.
 * @param now ISO time of this look
 */
export function dated(
  conditions: readonly UndatedCondition[],
  before: readonly Condition[],
  generation: number,
  now: string,
): Condition[] {
  return conditions.map((condition) => {
    const last = before.find(({ type }) => type === condition.type);
    return {
      ...condition,
      message: bounded(inOneLine(condition.message), maxMessage),
      observedGeneration: generation,
      lastTransitionTime: last?.status === condition.status ? last.lastTransitionTime : now,
    };
  });
}
