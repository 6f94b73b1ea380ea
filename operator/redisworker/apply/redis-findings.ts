/** Tells what is wrong with the Redis of a worker, as events. */
import { keyOf } from '../../cluster/cluster.ts';
import { subjectOf } from '../../redis/fault.ts';
import type { Observed } from '../model/observed.ts';
import type { World } from '../world.ts';

/** One Warning for each finding that nobody in the namespace has told yet. */
export function tellFindings(
  { cluster, following: { redisDoctor }, mayWrite }: World,
  { object, spec }: Observed,
): void {
  const { metadata: { namespace = 'default', name } } = object;
  const key = keyOf({ namespace, name });
  const findings = redisDoctor.untold(key);
  if (findings.length === 0 || !spec?.access.ok || !mayWrite()) return;
  const subject = subjectOf(spec.access.value.target);
  for (const { check, message } of findings) {
    cluster.record({
      regarding: object,
      type: 'Warning',
      reason: check,
      message: `${subject} ${message}`.slice(0, 1000),
    });
  }
  redisDoctor.told(key);
}
