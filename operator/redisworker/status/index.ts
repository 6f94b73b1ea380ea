/** Computes the whole status of a worker from one observation. Pure. */
import type { RedisWorkerStatus } from '../../api/redisworker.ts';
import { formatScope } from '../network/allow-net/canonical.ts';
import { isLive, isReady } from '../model/children.ts';
import { conditions, type Finding } from './dated.ts';
import { type ConsumerRow, consumerRows, maxRows } from './consumer-rows.ts';
import { parentLabels } from '../desired/metadata.ts';
import { enforcementFinding } from './enforcement.ts';
import type { Observed, ObservedSpec } from '../model/observed.ts';
import { exactFinding, readyFindings, redisFinding, sourceFinding, stalledFindings } from './conditions.ts';
import type { Problem } from '../model/problem.ts';
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
  const rows = spec ? consumerRows(observed, spec, plan.wanted) : [];
  const date = (findings: readonly Finding[]) => conditions(findings, before?.conditions ?? [], generation, now);
  return {
    observedGeneration: generation,
    conditions: date(spec ? findings(observed, spec, plan, failure, rows) : stalledFindings(plan.problems)),
    ...(spec
      ? {
        ...replicas(observed, spec, plan, rows),
        ...details(spec, plan),
        ...(spec.redis.kind === 'answered' ? spec.redis.work.status : {}),
        consumers: rows.slice(0, maxRows).map(({ row }) => row),
      }
      : {}),
    responses: persistedTally(observed.responses),
    ...(rows.length > maxRows ? { omittedConsumers: rows.length - maxRows } : {}),
  };
}

function findings(
  observed: Observed,
  spec: ObservedSpec,
  plan: Plan,
  failure: Problem | undefined,
  rows: readonly ConsumerRow[],
): Finding[] {
  return [
    ...(plan.problems.some(({ terminal }) => terminal)
      ? stalledFindings(plan.problems)
      : readyFindings(observed, spec, plan, failure, rows)),
    redisFinding(spec),
    sourceFinding(spec),
    ...exactFinding(spec, plan.desired),
    enforcementFinding(observed, spec),
  ];
}

function replicas(
  { children, object }: Observed,
  { blueprint: { suspend: isSuspended } }: ObservedSpec,
  { wanted }: Plan,
  rows: readonly ConsumerRow[],
): RedisWorkerStatus {
  const ids = new Set(wanted);
  const ready = rows.filter(({ row }) => row.state === 'Ready' && ids.has(row.id)).length;
  const { namespace = '', name, uid = '' } = object.metadata;
  const selector = Object.entries(
    parentLabels({ apiVersion: object.apiVersion, kind: object.kind, namespace, name, uid }),
  );
  return {
    replicas: children.pods.filter(isLive).length,
    readyReplicas: children.pods.filter(isReady).length,
    selector: selector.map(([key, value]) => `${key}=${value}`).join(','),
    consumersReady: `${ready}/${isSuspended ? 0 : ids.size}`,
  };
}

function details(spec: ObservedSpec, { desired }: Plan): RedisWorkerStatus {
  const scope = formatScope(spec.blueprint.scope);
  return {
    ...(spec.source.ok ? { source: { digest: spec.source.value.digest, bytes: spec.source.value.bytes } } : {}),
    ...(desired
      ? {
        network: {
          hash: desired.netHash,
          scope,
          scopeSummary: summaryOf(spec.blueprint.allowAllNet, scope),
          approximations: desired.policy.approximations.map(({ entry, reason }) =>
            `${entry}: ${reason}`.slice(0, 1024)
          ),
        },
      }
      : {}),
  };
}

/** Characters of the Scope column. */
const summaryLength = 60;

function summaryOf(allowAllNet: boolean, scope: readonly string[]): string {
  const text = allowAllNet ? 'everything' : scope.join(',') || 'Redis only';
  return text.length > summaryLength ? `${text.slice(0, summaryLength - 1)}…` : text;
}

function persistedTally(responses: Observed['responses']): NonNullable<RedisWorkerStatus['responses']> {
  const { total, succeeded, failed, unreadable, codes, lastId, lastCode, lastTime, perSecond } = responses;
  return {
    total,
    succeeded,
    failed,
    unreadable,
    codes,
    perSecond,
    ...(lastId === undefined ? {} : { lastId }),
    ...(lastCode === undefined ? {} : { lastCode }),
    ...(lastTime === undefined ? {} : { lastTime }),
  };
}
