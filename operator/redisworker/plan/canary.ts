/**
 * Whether new code has proven itself on the canary consumers. What has been found out stands in `status.rollout`, so that
 * another operator goes on from there, and code that has failed is not tried again before the spec changes. Pure.
 */
import type { RedisWorkerSpec, RedisWorkerStatus } from '../../api/redisworker.ts';
import type { ResponseTally } from '../../redis/response-tally.ts';
import { unavailableOf } from './released.ts';
import type { Roll } from './rolls.ts';

/** What `status.rollout` keeps. */
export type RolloutState = NonNullable<RedisWorkerStatus['rollout']>;
/** The canary of one revision. */
export type Canary = NonNullable<RolloutState['canary']>;

/** What a verdict follows from. */
export interface CanaryInput {
  readonly now: number;
  /** Of what is asked for now. */
  readonly revision: string;
  readonly rollout: RedisWorkerSpec['rollout'];
  readonly suspend: boolean;
  readonly rolls: readonly Roll[];
  readonly responses: ResponseTally;
  /** As the status has it. */
  readonly prior: RolloutState | undefined;
}

/** What the status is to say; undefined for a worker without canaries. */
export function rolloutState(input: CanaryInput): RolloutState | undefined {
  const { rollout: { canary: wanted }, revision, prior } = input;
  if (wanted === undefined) return undefined;
  if (prior?.revision !== revision) return begun(input);
  if (prior.canary?.verdict !== 'Running') return prior;
  return { ...prior, canary: judged(input, prior.canary) };
}

/** How many consumers try new code: no more than may be not ready, and never all. */
export function canarySize({ canary, maxUnavailable }: RedisWorkerSpec['rollout'], consumers: number): number {
  return Math.min(canary?.consumers ?? 0, consumers - 1, unavailableOf(maxUnavailable, consumers));
}

/** The start of a revision. One that is run already, or that was gone back to, has proven itself before. */
function begun(input: CanaryInput): RolloutState {
  const { now, revision, rolls, prior, suspend } = input;
  const isBack = revision === prior?.previousRevision;
  const isKnown = isBack || (prior !== undefined && rolls.some(({ stage }) => stage === 'Proven'));
  const previous = prior?.canary === undefined || prior.canary.verdict === 'Promoted'
    ? prior?.revision
    : prior.previousRevision;
  const isTried = !isKnown && !suspend && rolls.length > 1 &&
    rolls.some(({ stage, mayWait, isDown, isWorking }) => stage === 'Before' && mayWait && !isDown && isWorking);
  return {
    revision,
    ...(isBack || previous === undefined ? {} : { previousRevision: previous }),
    ...(isTried ? { canary: { verdict: 'Running', startTime: isoTime(now), ...nothing } } : {}),
  };
}

const nothing = { requests: 0, failed: 0, otherRequests: 0, otherFailed: 0 };

function judged(input: CanaryInput, before: Canary): Canary {
  const { rolls } = input;
  const canaries = rolls.filter(({ runsRevision }) => runsRevision);
  if (rolls.every(({ runsRevision, stage }) => runsRevision || stage === 'New')) {
    return { ...before, verdict: 'Promoted' };
  }
  const proven = canaries.filter(({ stage }) => stage === 'Proven').length;
  const isUp = proven >= canarySize(input.rollout, rolls.length) &&
    canaries.every(({ stage, isBroken }) => stage === 'Proven' || isBroken);
  if (before.readyTime === undefined && !isUp) return unready(input, before, canaries);
  const counted = countedOn(input, before, canaries.map(({ id }) => id));
  const verdict = verdictOf(input, counted, isUp);
  if (verdict === 'Failed') return { ...counted, verdict, message: failureRatios(counted, input.rollout) };
  return verdict === 'Running' && !isUp ? unready(input, counted, canaries) : { ...counted, verdict };
}

/** A canary that is not ready has failed when its time is over and it had its try, or when its Deployment waits no more. */
function unready({ now, rollout }: CanaryInput, before: Canary, canaries: readonly Roll[]): Canary {
  const since = Date.parse(before.readyTime ?? before.startTime);
  const isOver = now - since >= (rollout.canary?.seconds ?? 0) * 1000;
  const failed = canaries.filter(({ stage, hasEnded, isGivenUp }) =>
    stage !== 'Proven' && (isGivenUp || (isOver && hasEnded))
  );
  if (!failed[0]) return before;
  return { ...before, verdict: 'Failed', message: `consumer "${failed[0].id}" does not come up with it` };
}

/** The requests answered since the canary is ready. Until one of it has answered, nothing of before is behind it. */
function countedOn({ now, responses }: CanaryInput, before: Canary, ids: readonly string[]): Canary {
  const results = ids.flatMap((id) => responses.perConsumer.get(id) ?? []);
  const sum = (field: 'total' | 'failed') => results.reduce((all, one) => all + one[field], 0);
  const readyTime = before.readyTime ?? isoTime(now);
  const sums = {
    requests: sum('total'),
    failed: sum('failed'),
    allRequests: responses.total,
    allFailed: responses.failed,
  };
  if (!before.from || results.every(({ lastTime }) => Date.parse(lastTime) < Date.parse(readyTime))) {
    return { ...before, readyTime, from: sums };
  }
  const { from } = before;
  const requests = Math.max(before.requests, sums.requests - from.requests);
  const failed = Math.max(before.failed, sums.failed - from.failed);
  return {
    ...before,
    requests,
    failed,
    otherRequests: Math.max(before.otherRequests, sums.allRequests - from.allRequests - requests),
    otherFailed: Math.max(before.otherFailed, sums.allFailed - from.allFailed - failed),
  };
}

/** Failed as soon as the requests that are still to come cannot make up for it. */
function verdictOf({ now, rollout: { canary } }: CanaryInput, counted: Canary, isUp: boolean): Canary['verdict'] {
  if (!canary) return 'Promoted';
  const { requests, failed, otherRequests, otherFailed, readyTime = '' } = counted;
  const isOver = now - Date.parse(readyTime) >= canary.seconds * 1000;
  const allowed = canary.maxFailureRatio + (otherRequests > 0 ? otherFailed / otherRequests : 0);
  const most = allowed * (isOver ? requests : Math.max(requests, canary.minRequests));
  if (failed > most + rounding) return 'Failed';
  return isUp && (isOver || requests >= canary.minRequests) ? 'Promoted' : 'Running';
}

/** What adding fractions may be off by. */
const rounding = 1e-6;

function failureRatios(
  { requests, failed, otherRequests, otherFailed }: Canary,
  { canary }: RedisWorkerSpec['rollout'],
): string {
  return `${failed} of ${requests} requests failed there and ${otherFailed} of ${otherRequests} elsewhere, where ${
    canary?.maxFailureRatio ?? 0
  } more are allowed`;
}

function isoTime(now: number): string {
  return new Date(now).toISOString();
}
