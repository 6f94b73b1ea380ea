/** From what the operator follows to what people look at. Pure. */
import { isSuccess } from '../../contract/reply.ts';
import type { Condition } from '../api/redisworker.ts';
import { resultOf } from '../redisworker/status/consumer-rows.ts';
import { risen } from '../risen.ts';
import type { Sample, Samples } from './history.ts';
import type { LiveWorker } from './live-worker.ts';
import type { CodeCount, ConsumerRow, Scripts, Series, Standing, Totals, WorkerDepth, WorkerRow } from './model.ts';
import { workerType, workOf } from './worker-streams.ts';

/** Rows of one table: whoever has more looks for some of them. */
export const maxRows = 200;

/** One worker, as a row. */
export function rowOf(worker: LiveWorker, samples: Samples): WorkerRow {
  const { object, status, tally, stream } = worker;
  const { metadata, spec } = object;
  const { suspend = false } = (spec ?? {}) as { readonly suspend?: boolean };
  const [ready, wanted] = (status.consumersReady ?? '').split('/').filter((part) => part !== '').map(Number);
  const { total, failed } = sinceFirst(samples, tally);
  return {
    namespace: metadata.namespace ?? 'default',
    name: metadata.name,
    type: workerType(object),
    work: workOf(object),
    ...standingOf(status.conditions ?? []),
    suspended: suspend,
    ...(ready === undefined || wanted === undefined ? {} : { ready, wanted }),
    ...(stream.backlog === undefined ? {} : { backlog: stream.backlog }),
    perSecond: tally.perSecond,
    total,
    failed,
    rates: intervals(samples).map(({ succeeded, failed, seconds }) => rounded((succeeded + failed) / seconds)),
  };
}

/** Those in trouble first, then by name. */
export function inOrder(rows: readonly WorkerRow[]): readonly WorkerRow[] {
  const trouble = ({ standing, failed, suspended }: WorkerRow): number =>
    standing === 'Stalled' ? 0 : standing !== 'Ready' && !suspended ? 1 : failed > 0 ? 2 : 3;
  const name = ({ namespace, name }: WorkerRow): string => `${namespace}/${name}`;
  return [...rows].sort((a, b) => trouble(a) - trouble(b) || (name(a) < name(b) ? -1 : 1));
}

/** Whether a row has the words somebody looks for: in its name, type, namespace, standing or reason. */
export function matches({ namespace, name, type, standing, reason }: WorkerRow, words: string): boolean {
  const text = `${namespace}/${name} ${type} ${standing} ${reason}`.toLowerCase();
  return words.toLowerCase().split(/\s+/).every((word) => text.includes(word));
}

/** All workers in a few numbers. */
export function totalsOf(rows: readonly WorkerRow[]): Totals {
  const sum = (of: (row: WorkerRow) => number): number => rows.reduce((total, row) => total + of(row), 0);
  return {
    workers: rows.length,
    ready: rows.filter(({ standing }) => standing === 'Ready').length,
    consumersReady: sum(({ ready = 0 }) => ready),
    consumersWanted: sum(({ wanted = 0 }) => wanted),
    backlog: sum(({ backlog = 0 }) => backlog),
    backlogUnknown: rows.filter(({ backlog, work }) => backlog === undefined && work !== 'Scripts').length,
    perSecond: rounded(sum(({ perSecond }) => perSecond)),
    total: sum(({ total }) => total),
    failed: sum(({ failed }) => failed),
  };
}

/** One worker with all that is known of it. */
export function depthOf(worker: LiveWorker, samples: Samples, now: number): WorkerDepth {
  const { object: { metadata }, status, stream } = worker;
  return {
    now: new Date(now).toISOString(),
    row: rowOf(worker, samples),
    conditions: (status.conditions ?? []).map((
      { type, status: truth, reason, message, lastTransitionTime: since },
    ) => ({
      type,
      status: truth,
      reason,
      message,
      since,
    })),
    consumers: consumersOf(worker),
    omittedConsumers: status.omittedConsumers ?? 0,
    modules: status.modules ?? [],
    ...(status.hats === undefined ? {} : { scripts: scriptsOf(status.hats) }),
    codes: codesOf(samples, worker.tally),
    series: seriesOf(samples),
    stream,
    scope: status.network?.scope ?? [],
    approximations: status.network?.approximations ?? [],
    ...(metadata.creationTimestamp === undefined ? {} : { created: metadata.creationTimestamp }),
  };
}

function scriptsOf({ crashed, ...kinds }: NonNullable<LiveWorker['status']['hats']>): Scripts {
  return { kinds: Object.entries(kinds).map(([kind, counts]) => ({ kind, counts })), crashed };
}

/** A final failure first; then what keeps it from being ready. */
function standingOf(conditions: readonly Condition[]): Pick<WorkerRow, 'standing' | 'reason' | 'message'> {
  const find = (type: string, status: string): Condition | undefined =>
    conditions.find((one) => one.type === type && one.status === status);
  const told = (standing: Standing, { reason, message }: Condition) => ({ standing, reason, message });
  const [stalled, ready] = [find('Stalled', 'True'), find('Ready', 'True')];
  if (stalled !== undefined) return told('Stalled', stalled);
  if (ready !== undefined) return told('Ready', ready);
  const cause = conditions.find(({ type }) => type === 'Ready') ?? find('Reconciling', 'True');
  if (cause === undefined) return { standing: 'New', reason: '', message: 'nobody has looked at it yet' };
  return told(find('Reconciling', 'True') === undefined ? 'NotReady' : 'Reconciling', cause);
}

/** The rows of the status, with what was counted since. */
function consumersOf({ status, tally }: LiveWorker): readonly ConsumerRow[] {
  return (status.consumers ?? []).map((row) => {
    const counted = tally.perConsumer.get(row.id);
    return { ...row, ...(counted === undefined ? {} : resultOf(counted)) };
  });
}

function codesOf(samples: Samples, tally: LiveWorker['tally']): readonly CodeCount[] {
  const before = samples[0]?.sample.codes ?? {};
  return Object.entries(tally.codes)
    .map(([code, count]) => ({ code, count: risen(before[code], count), isSuccess: isSuccess(Number(code)) }))
    .filter(({ count }) => count > 0)
    .sort((a, b) => b.count - a.count || (a.code < b.code ? -1 : 1));
}

function seriesOf(samples: Samples): Series {
  const parts = intervals(samples);
  return {
    times: parts.map(({ at }) => Math.round(at / 1000)),
    succeededPerSecond: parts.map(({ succeeded, seconds }) => rounded(succeeded / seconds)),
    failedPerSecond: parts.map(({ failed, seconds }) => rounded(failed / seconds)),
    backlog: parts.map(({ backlog }) => backlog ?? null),
  };
}

/** What happened from each sample to the next. */
function intervals(samples: Samples) {
  return samples.slice(1).map(({ at, sample }, index) => {
    const before = samples[index] ?? { at, sample };
    const failed = risen(before.sample.failed, sample.failed);
    return {
      at,
      seconds: Math.max(1, (at - before.at) / 1000),
      failed,
      succeeded: Math.max(0, risen(before.sample.total, sample.total) - failed),
      backlog: sample.backlog,
    };
  });
}

function sinceFirst(samples: Samples, tally: Pick<Sample, 'total' | 'failed'>): { total: number; failed: number } {
  const first = samples[0]?.sample ?? tally;
  return { total: risen(first.total, tally.total), failed: risen(first.failed, tally.failed) };
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}
