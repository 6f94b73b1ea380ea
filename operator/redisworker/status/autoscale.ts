/** What the status tells of the number of consumers the operator has decided. Pure. */
import type { RedisWorkerStatus } from '../../api/redisworker.ts';
import type { EventReason } from '../model/reasons.ts';
import type { Scale } from '../plan/scale.ts';

type AutoscaleStatus = NonNullable<RedisWorkerStatus['autoscale']>;

/** Changes with the number alone; an early end of the time in which it may fall would change nothing. */
export function autoscaleStatus(
  scale: Scale | undefined,
  before: AutoscaleStatus | undefined,
  now: string,
): RedisWorkerStatus {
  if (scale === undefined) return {};
  const wanted = scale.ids.length;
  if (before?.wanted === wanted) return { autoscale: before };
  return { autoscale: { wanted, reason: scale.reason, ...(before === undefined ? {} : { lastScaleTime: now }) } };
}

/** The event of a number that has changed; undefined when it has not. */
export function scaleEvent(
  before: RedisWorkerStatus | undefined,
  { autoscale }: RedisWorkerStatus,
):
  | {
    readonly wanted: number;
    readonly reason: EventReason;
    readonly message: string;
  }
  | undefined {
  const [from, to] = [before?.autoscale?.wanted ?? 0, autoscale?.wanted ?? 0];
  if (autoscale === undefined || from === to) return undefined;
  const why = autoscale.reason === undefined ? '' : ` (${autoscale.reason})`;
  return {
    wanted: to,
    reason: to > from ? 'ScaledOut' : 'ScaledIn',
    message: `Scaled from ${from} to ${to} consumers${why}`,
  };
}
