/** The metrics, under the names that dashboards for controller-runtime know. */
import { collectDefaultMetrics, Counter, Gauge, Histogram, type MetricObject, Registry } from 'prom-client';
import { redisFaultCodes } from '../redis/fault.ts';
import { version } from '../version.ts';
import type { MetricDescription } from './metric-description.ts';
import { defaultPerWorkerLimit, type WorkerFigures } from './worker-figures.ts';
import { describeWorkerMetrics, renderWorkerMetrics } from './worker-metrics.ts';

/** All instruments, by whom they are for. Times in seconds. */
export interface Metrics {
  /** The text of /metrics and its content type. */
  readonly contentType: string;
  render(): Promise<string>;
  /** What there is, for the reference. */
  describe(): readonly MetricDescription[];
  queue(name: string): QueueInstruments;
  controller(name: string): ControllerInstruments;
  readonly redis: { roundtrip(seconds: number): void; error(code: string): void };
  /** A kind is followed, for the first time or once more. */
  watched(kind: string): void;
  watchRestarted(kind: string, cause: string): void;
  /** A call to the API server has ended; `status` is 0 when no answer came. */
  requestDone(request: { readonly method: string; readonly status: number }): void;
  /** So many events were given up, because later ones had to be written. */
  eventsDropped(count: number): void;
  /** Asked whenever metrics are read: how each worker does. */
  workers(figures: () => readonly WorkerFigures[]): void;
  /** Whether this process holds the lease `name`. */
  leading(name: string, leads: boolean): void;
}

/** Instruments of one work queue. */
export interface QueueInstruments {
  depth(keys: number): void;
  added(): void;
  retried(): void;
  waited(seconds: number): void;
  worked(seconds: number): void;
  /** Asked whenever metrics are read. */
  longestRunning(seconds: () => number): void;
}

/** Instruments of one controller. */
export interface ControllerInstruments {
  reconciled(result: 'success' | 'requeue_after' | 'error' | 'terminal_error', seconds: number): void;
}

const queueBuckets = [0.001, 0.01, 0.1, 0.5, 1, 5, 10, 60, 300];
const reconcileBuckets = [0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
const redisBuckets = [0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 2];

/** Why watches end when all is well. */
const routineCause = 'Expired';

/** Gauges of prom-client that are called like counters; what they add up is served by kind. */
const sumsNamedLikeCounters = ['handles', 'requests', 'resources'].map((what) => `nodejs_active_${what}_total`);

/** The event loop is woken for every sample: the 10 ms of prom-client are most of what an operator at rest does. */
const eventLoopSampleMs = 100;

/**
 * Makes a registry of its own with all instruments, and the figures of the Node process.
 * @param perWorkerLimit workers that metrics name; the others are added up
 */
export function createMetrics(perWorkerLimit = defaultPerWorkerLimit): Metrics {
  const registry = new Registry();
  let figures: (() => readonly WorkerFigures[]) | undefined;
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: eventLoopSampleMs });
  for (const sum of sumsNamedLikeCounters) registry.removeSingleMetric(sum);
  gauge(registry, 'redisworker_build_info', 'Always 1; which version runs, on which Node', ['version', 'node_version'])
    .set({ version, node_version: process.versions.node }, 1);
  const watchRestarts = counter(registry, 'redisworker_watch_restarts_total', 'Watches started again', [
    'kind',
    'cause',
  ]);
  const requests = counter(
    registry,
    'rest_client_requests_total',
    'Calls to the API server by HTTP status; code "<error>" when no answer came',
    ['code', 'method'],
  );
  const eventDrops = counter(
    registry,
    'redisworker_events_dropped_total',
    'Events that were given up because later ones had to be written',
    [],
  );
  const leader = gauge(registry, 'leader_election_master_status', '1 while this process holds the lease', ['name']);
  return {
    contentType: registry.contentType,
    async render() {
      const workers = figures === undefined ? '' : renderWorkerMetrics(figures(), perWorkerLimit, Date.now());
      return `${await registry.metrics()}${workers}`;
    },
    describe: () => [
      ...registry.getMetricsAsArray().map(described),
      ...(figures === undefined ? [] : describeWorkerMetrics()),
    ],
    queue: queueInstruments(registry),
    controller: controllerInstruments(registry),
    redis: redisInstruments(registry),
    watched: (kind) => watchRestarts.inc({ kind, cause: routineCause }, 0),
    watchRestarted: (kind, cause) => watchRestarts.inc({ kind, cause }),
    requestDone: ({ method, status }) => requests.inc({ method, code: status === 0 ? '<error>' : String(status) }),
    eventsDropped: (count) => eventDrops.inc(count),
    workers(read) {
      figures = read;
      countWorkers(registry, read);
    },
    leading: (name, leads) => leader.set({ name }, leads ? 1 : 0),
  };
}

function described(metric: MetricObject): MetricDescription {
  const { labelNames = [] } = metric as { labelNames?: readonly string[] };
  return { name: metric.name, type: String(metric.type), help: metric.help, labels: labelNames };
}

/** A worker is counted under what its condition Ready says; reasons are words of ours, and not many. */
function countWorkers(registry: Registry, figures: Parameters<Metrics['workers']>[0]): void {
  new Gauge({
    name: 'redisworker_workers',
    help: 'Workers by their condition Ready and its reason',
    labelNames: ['ready', 'reason'],
    registers: [registry],
    collect() {
      this.reset();
      for (const { ready, reason } of figures()) this.inc({ ready, reason });
    },
  });
}

function queueInstruments(registry: Registry): (name: string) => QueueInstruments {
  const running = new Map<string, () => number>();
  const depth = gauge(registry, 'workqueue_depth', 'Keys that wait', ['name']);
  const adds = counter(registry, 'workqueue_adds_total', 'Keys added', ['name']);
  const retries = counter(registry, 'workqueue_retries_total', 'Keys added again after a failure', ['name']);
  const waits = histogram(
    registry,
    'workqueue_queue_duration_seconds',
    'How long a key waited',
    ['name'],
    queueBuckets,
  );
  const works = histogram(registry, 'workqueue_work_duration_seconds', 'How long a key ran', ['name'], queueBuckets);
  new Gauge({
    name: 'workqueue_longest_running_processor_seconds',
    help: 'How long the longest running key has been running',
    labelNames: ['name'],
    registers: [registry],
    collect() {
      for (const [name, seconds] of running) this.set({ name }, seconds());
    },
  });
  return (name) => ({
    depth: (keys) => depth.set({ name }, keys),
    added: () => adds.inc({ name }),
    retried: () => retries.inc({ name }),
    waited: (seconds) => waits.observe({ name }, seconds),
    worked: (seconds) => works.observe({ name }, seconds),
    longestRunning: (seconds) => running.set(name, seconds),
  });
}

function controllerInstruments(registry: Registry): (controller: string) => ControllerInstruments {
  const total = counter(registry, 'controller_runtime_reconcile_total', 'Reconciles by result', [
    'controller',
    'result',
  ]);
  const errors = counter(registry, 'controller_runtime_reconcile_errors_total', 'Reconciles that failed', [
    'controller',
  ]);
  const terminal = counter(
    registry,
    'controller_runtime_terminal_reconcile_errors_total',
    'Reconciles that only a change can mend',
    ['controller'],
  );
  const times = histogram(registry, 'controller_runtime_reconcile_time_seconds', 'How long a reconcile took', [
    'controller',
  ], reconcileBuckets);
  return (controller) => ({
    reconciled(result, seconds) {
      const failed = result === 'error' || result === 'terminal_error';
      total.inc({ controller, result: failed ? 'error' : result });
      times.observe({ controller }, seconds);
      if (failed) errors.inc({ controller });
      if (result === 'terminal_error') terminal.inc({ controller });
    },
  });
}

function redisInstruments(registry: Registry): Metrics['redis'] {
  const roundtrips = histogram(
    registry,
    'redisworker_redis_roundtrip_seconds',
    'How long Redis took to answer',
    [],
    redisBuckets,
  );
  const errors = counter(registry, 'redisworker_redis_errors_total', 'Calls to Redis that failed, by class', ['code']);
  // From 0 on: a query for an increase does not see the first sample of a series.
  for (const code of redisFaultCodes) errors.inc({ code }, 0);
  return { roundtrip: (seconds) => roundtrips.observe(seconds), error: (code) => errors.inc({ code }) };
}

function counter<Label extends string>(
  registry: Registry,
  name: string,
  help: string,
  labelNames: Label[],
): Counter<Label> {
  return new Counter({ name, help, labelNames, registers: [registry] });
}

function gauge<Label extends string>(
  registry: Registry,
  name: string,
  help: string,
  labelNames: Label[],
): Gauge<Label> {
  return new Gauge({ name, help, labelNames, registers: [registry] });
}

function histogram<Label extends string>(
  registry: Registry,
  name: string,
  help: string,
  labelNames: Label[],
  buckets: number[],
): Histogram<Label> {
  return new Histogram({ name, help, labelNames, buckets, registers: [registry] });
}
