/** What `redisworker top` shows: a row per worker, or one per consumer and per module, with what was measured between looks. Pure. */
import { keyOf, type KubeObject } from '../operator/cluster/cluster.ts';
import { formatAge } from '../operator/age.ts';
import { announce } from './announce.ts';
import { type Look, withLook } from './rates.ts';
import { alignRows } from './table.ts';
import { countedModule, moduleTable } from './top-modules.ts';
import {
  type Counted,
  type History,
  inOrder,
  nameOf,
  ratesOf,
  rateText,
  type Row,
  text,
  type TopStyle,
  unknown,
} from './top-rows.ts';
import { type ConsumerView, statusOf, type WorkerStatus } from './worker-status.ts';

/** The history with what the workers say now; what is no longer there is forgotten. @param at of a clock that only goes forward */
export function remembered(history: History, workers: readonly KubeObject[], at: number): History {
  const counted = workers.flatMap((worker) => {
    const { responses, consumers = [], modules = [] } = statusOf(worker);
    const { total, failed } = responses ?? {};
    return [
      { key: keyOf(worker.metadata), total, failed },
      ...consumers.map((one) => countedOf(worker, one)),
      ...modules.map((one) => countedModule(worker, one)),
    ];
  });
  return new Map(counted.map(({ key, total, failed }) => {
    const before = history.get(key);
    return [key, { total: looked(before?.total, total, at), failed: looked(before?.failed, failed, at) }];
  }));
}

/** The lines of the table. */
export function topTable(workers: readonly KubeObject[], history: History, style: TopStyle): readonly string[] {
  const rows = workers.flatMap((worker) =>
    style.consumers ? consumerRows(worker, history, style) : [workerRow(worker, history, style)]
  );
  const header = style.consumers
    ? ['WORKER', 'ID', 'STATE', 'RATE', 'FAILING', 'PENDING', 'P50', 'P99', 'RESTARTS', 'WHY NOT READY']
    : ['NAME', 'READY', 'RATE', 'FAILING', 'BACKLOG', 'OLDEST', 'RESPONSES', 'FAILED', 'SLOWEST P99'];
  const table = alignRows([header, ...inOrder(rows, style.sort)]);
  return style.consumers ? [...table, ...moduleTable(workers, history, style)] : table;
}

function workerRow(worker: KubeObject, history: History, style: TopStyle): Row {
  const { stream = {}, responses, consumers = [], consumersReady } = statusOf(worker);
  const counted = { key: keyOf(worker.metadata), total: responses?.total, failed: responses?.failed };
  const { rate = toldRate(responses, style), failures } = ratesOf(counted, history, style);
  const name = nameOf(worker, style);
  const latency = highest(consumers.map(({ p99Ms }) => p99Ms));
  const ready = announce(worker).standing === 'ready';
  const readiness = `${ready ? 'yes' : 'no'}${consumersReady === undefined ? '' : ` ${consumersReady}`}`;
  return {
    name,
    ready,
    rate,
    failures,
    backlog: stream.backlog,
    latency,
    cells: [
      name,
      readiness,
      rateText(rate),
      rateText(failures),
      text(stream.backlog),
      oldest(stream.oldestPendingTime, style.now),
      text(counted.total),
      text(counted.failed),
      milliseconds(latency),
    ],
  };
}

function consumerRows(worker: KubeObject, history: History, style: TopStyle): readonly Row[] {
  const { consumers = [] } = statusOf(worker);
  return consumers.map((consumer) => {
    const { id, state, pending, p50Ms, p99Ms, restarts, reason } = consumer;
    const { rate, failures } = ratesOf(countedOf(worker, consumer), history, style);
    const name = nameOf(worker, style);
    return {
      name: `${name} ${id}`,
      ready: state === 'Ready',
      rate,
      failures,
      backlog: pending,
      latency: p99Ms,
      cells: [
        name,
        id,
        state ?? unknown,
        rateText(rate),
        rateText(failures),
        text(pending),
        milliseconds(p50Ms),
        milliseconds(p99Ms),
        text(restarts),
        reason ?? '',
      ],
    };
  });
}

/** The operator measures its own rate over the last 10 to 20 seconds, and writes it with the last response. */
const toldRateMs = 30_000;

function toldRate(responses: WorkerStatus['responses'], { now }: TopStyle): number | undefined {
  const { perSecond, lastTime } = responses ?? {};
  return lastTime !== undefined && now - Date.parse(lastTime) < toldRateMs ? perSecond : undefined;
}

function countedOf({ metadata }: KubeObject, { id, total, failed }: ConsumerView): Counted {
  return { key: `${keyOf(metadata)} ${id}`, total, failed };
}

function looked(looks: readonly Look[] = [], total: number | undefined, at: number): readonly Look[] {
  return total === undefined ? [] : withLook(looks, { at, total });
}

function highest(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? undefined : Math.max(...known);
}

function milliseconds(value: number | undefined): string {
  return value === undefined ? unknown : `${Math.round(value * 10) / 10}ms`;
}

function oldest(time: string | undefined, now: number): string {
  return time === undefined ? '' : formatAge((now - Date.parse(time)) / 1000);
}
