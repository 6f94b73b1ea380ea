/** Computes the whole status of a worker from one observation. Pure. */
import type { RedisWorkerStatus } from '../../api/redisworker.ts';
import { formatScope } from '../network/allow-net/canonical.ts';
import { isReady, mayStillRun } from '../model/children.ts';
import { dated, type UndatedCondition } from './dated.ts';
import { type ConsumerRow, consumerRows, maxRows } from './consumer-rows.ts';
import { parentLabels } from '../desired/metadata.ts';
import { enforcementCondition } from './enforcement.ts';
import { fitted } from './fitted.ts';
import { httpStatus } from './http.ts';
import type { Observed, ObservedSpec, Source } from '../model/observed.ts';
import { exactConditions, readyConditions, redisCondition, sourceCondition, stalledConditions } from './conditions.ts';
import type { Problem } from '../model/problem.ts';
import { autoscaleStatus } from './autoscale.ts';
import type { Plan } from '../plan/plan.ts';

/** The full status to write. @param before the status as it is */
export function statusOf(
  observed: Observed,
  plan: Plan,
  failure: Problem | undefined,
  before: RedisWorkerStatus | undefined,
): RedisWorkerStatus {
  const generation = observed.object.metadata.generation ?? 0;
  const now = new Date(observed.now).toISOString();
  const { spec } = observed;
  const rows = spec ? consumerRows(observed, spec, plan) : [];
  const conditions = spec ? conditionsOf(observed, spec, plan, failure, rows) : stalledConditions(plan.problems);
  return fitted({
    observedGeneration: generation,
    conditions: dated(conditions, before?.conditions ?? [], generation, now),
    ...(spec
      ? {
        ...replicas(observed, spec, plan, rows),
        ...details(spec, plan),
        ...httpStatus(observed, spec),
        ...autoscaleStatus(plan.scale, before?.autoscale, now),
        ...(spec.redis.kind === 'answered' ? spec.redis.work.status : {}),
        ...(plan.rollout ? { rollout: plan.rollout } : {}),
        consumers: rows.slice(0, maxRows).map(({ row }) => row),
      }
      : {}),
    responses: persistedTally(observed.responses),
    ...(rows.length > maxRows ? { omittedConsumers: rows.length - maxRows } : {}),
  });
}

function conditionsOf(
  observed: Observed,
  spec: ObservedSpec,
  plan: Plan,
  failure: Problem | undefined,
  rows: readonly ConsumerRow[],
): UndatedCondition[] {
  return [
    ...(plan.problems.some(({ terminal }) => terminal)
      ? stalledConditions(plan.problems)
      : readyConditions(observed, spec, plan, failure, rows)),
    redisCondition(spec),
    sourceCondition(spec),
    ...exactConditions(spec, plan.desired),
    enforcementCondition(observed, spec),
  ];
}

function replicas(
  { children, object }: Observed,
  { blueprint: { suspend: isSuspended } }: ObservedSpec,
  { wanted }: Plan,
  rows: readonly ConsumerRow[],
): RedisWorkerStatus {
  const serving = rows.filter(({ isWanted, isServing }) => isWanted && isServing).length;
  const { namespace = '', name, uid = '' } = object.metadata;
  const selector = Object.entries(
    parentLabels({ apiVersion: object.apiVersion, kind: object.kind, namespace, name, uid }),
  );
  return {
    replicas: children.pods.filter(mayStillRun).length,
    readyReplicas: children.pods.filter(isReady).length,
    selector: selector.map(([key, value]) => `${key}=${value}`).join(','),
    consumersReady: `${serving}/${isSuspended ? 0 : wanted.length}`,
  };
}

function details(spec: ObservedSpec, { desired }: Plan): RedisWorkerStatus {
  const scope = formatScope(spec.blueprint.scope);
  return {
    ...(spec.source.ok && spec.blueprint.work.resolved === undefined
      ? { source: sourceStatus(spec.source.value) }
      : {}),
    ...(desired
      ? {
        network: {
          hash: desired.netHash,
          scope,
          scopeSummary: summaryOf(spec.blueprint.allowAllNet, scope),
          approximations: desired.policy.approximations.map(({ entry, reason }) => `${entry}: ${reason}`),
        },
      }
      : {}),
  };
}

function sourceStatus({ digest, bytes, origin }: Source): NonNullable<RedisWorkerStatus['source']> {
  if (origin === undefined) return { digest, bytes };
  const { time, entry, commit, modules, wish } = origin;
  const more = {
    ...(commit === undefined ? {} : { commit }),
    ...(wish === undefined ? {} : { resolveRequestedAt: wish }),
  };
  return { digest, bytes, time, entry, modules, ...more };
}

/** Characters of the Scope column. */
const summaryLength = 60;

function summaryOf(allowAllNet: boolean, scope: readonly string[]): string {
  const text = allowAllNet ? 'everything' : scope.join(',') || 'Redis only';
  return text.length > summaryLength ? `${text.slice(0, summaryLength - 1)}…` : text;
}

function persistedTally(responses: Observed['responses']): NonNullable<RedisWorkerStatus['responses']> {
  const { total, succeeded, failed, unreadable, codes, lastId, lastCode, lastTime, perSecond } = responses;
  const { sampled, missed, entriesAdded, counted } = responses;
  return {
    total,
    succeeded,
    failed,
    unreadable,
    codes,
    ...(Object.keys(counted).length > 0 ? { counted } : {}),
    perSecond,
    ...(sampled > 0 ? { sampled } : {}),
    ...(missed > 0 ? { missed } : {}),
    ...(entriesAdded === undefined ? {} : { entriesAdded }),
    ...(lastId === undefined ? {} : { lastId }),
    ...(lastCode === undefined ? {} : { lastCode }),
    ...(lastTime === undefined ? {} : { lastTime }),
  };
}
