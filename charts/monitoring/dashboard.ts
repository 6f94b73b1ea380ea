/** The dashboard, of which files/dashboard.json is made. Pure. */
import { scope } from './scope.ts';

/** One line of a graph. */
interface Query {
  readonly expr: string;
  readonly legend: string;
}

interface Graph {
  readonly title: string;
  readonly description: string;
  readonly unit: string;
  readonly queries: readonly Query[];
}

/** The labels of the release that is looked at, chosen at the top of the dashboard. */
const chosen = 'namespace=~"$namespace",job=~"$job"';

const rate = (metric: string, by: string): string => `sum by (${by}) (rate(${metric}{${scope}}[$__rate_interval]))`;

const quantile = (share: number, metric: string): string =>
  `histogram_quantile(${share}, sum by (le) (rate(${metric}_bucket{${scope}}[$__rate_interval])))`;

/** How long it takes half of the time, and hardly ever longer. */
const times = (metric: string): Graph['queries'] => [
  { expr: quantile(0.5, metric), legend: 'half' },
  { expr: quantile(0.99, metric), legend: '99 of 100' },
];

/** Two columns, row by row. */
const graphs: readonly Graph[] = [
  {
    title: 'Workers by reason',
    description: 'What the condition Ready of each worker says.',
    unit: 'short',
    queries: [{ expr: `sum by (ready, reason) (redisworker_workers{${scope}})`, legend: '{{ready}} {{reason}}' }],
  },
  {
    title: 'Operators',
    description: 'Those that answer, and those that lead: one.',
    unit: 'short',
    queries: [
      { expr: `sum(up{${scope}})`, legend: 'answer' },
      { expr: `sum(leader_election_master_status{${scope}})`, legend: 'lead' },
    ],
  },
  {
    title: 'Reconciles',
    description: 'By what came of them; requeue_after is waiting, not failing.',
    unit: 'ops',
    queries: [{ expr: rate('controller_runtime_reconcile_total', 'result'), legend: '{{result}}' }],
  },
  {
    title: 'Time of a reconcile',
    description: 'Half of them are faster than the one, 99 of 100 than the other.',
    unit: 's',
    queries: times('controller_runtime_reconcile_time_seconds'),
  },
  {
    title: 'Queue',
    description: 'Workers that wait for a look.',
    unit: 'short',
    queries: [{ expr: `sum(workqueue_depth{${scope}})`, legend: 'wait' }],
  },
  {
    title: 'Time in the queue',
    description: 'How long a worker waits for a look.',
    unit: 's',
    queries: times('workqueue_queue_duration_seconds'),
  },
  {
    title: 'Redis: time of a call',
    description: 'Calls of the operator; those of workers are not in it.',
    unit: 's',
    queries: times('redisworker_redis_roundtrip_seconds'),
  },
  {
    title: 'Redis: calls that failed',
    description: 'By class, as the reasons of the condition RedisReachable.',
    unit: 'ops',
    queries: [{ expr: rate('redisworker_redis_errors_total', 'code'), legend: '{{code}}' }],
  },
  {
    title: 'API server: calls',
    description: 'By HTTP status.',
    unit: 'ops',
    queries: [{ expr: rate('rest_client_requests_total', 'code'), legend: '{{code}}' }],
  },
  {
    title: 'Watches started again, events given up',
    description: 'Both are zero on a good day.',
    unit: 'ops',
    queries: [
      { expr: rate('redisworker_watch_restarts_total', 'kind, cause'), legend: '{{kind}} {{cause}}' },
      { expr: rate('redisworker_events_dropped_total', 'namespace'), legend: 'events' },
    ],
  },
  {
    title: 'Memory',
    description: 'Resident memory of each operator.',
    unit: 'bytes',
    queries: [{ expr: `process_resident_memory_bytes{${scope}}`, legend: '{{pod}}' }],
  },
  {
    title: 'Processor',
    description: 'Cores that each operator uses.',
    unit: 'short',
    queries: [{ expr: rate('process_cpu_seconds_total', 'pod'), legend: '{{pod}}' }],
  },
];

const height = 8;
const width = 12;
const datasource = { type: 'prometheus', uid: '${datasource}' };

function panel({ title, description, unit, queries }: Graph, at: number): object {
  return {
    id: at + 1,
    type: 'timeseries',
    title,
    description,
    datasource,
    gridPos: { h: height, w: width, x: (at % 2) * width, y: Math.floor(at / 2) * height },
    fieldConfig: { defaults: { unit, min: 0, custom: { fillOpacity: 10, showPoints: 'never' } }, overrides: [] },
    options: { legend: { displayMode: 'list', placement: 'bottom', showLegend: true }, tooltip: { mode: 'multi' } },
    targets: queries.map(({ expr, legend }, index) => ({
      refId: String.fromCharCode(65 + index),
      datasource,
      expr: expr.replaceAll(scope, chosen),
      legendFormat: legend,
      editorMode: 'code',
      range: true,
    })),
  };
}

function choice(name: string, query: string): object {
  return {
    name,
    label: name,
    type: 'query',
    datasource,
    query: { query, refId: name },
    refresh: 2,
    sort: 1,
    multi: true,
    includeAll: true,
    current: { text: 'All', value: '$__all' },
  };
}

/** The text of files/dashboard.json. */
export function dashboardJson(): string {
  const dashboard = {
    uid: 'redisworker-operator',
    title: 'RedisWorker operator',
    description: 'How workers stand and how the operator that looks after them does.',
    tags: ['redisworker'],
    schemaVersion: 39,
    editable: true,
    graphTooltip: 1,
    refresh: '30s',
    time: { from: 'now-3h', to: 'now' },
    timezone: 'browser',
    templating: {
      list: [
        { name: 'datasource', label: 'datasource', type: 'datasource', query: 'prometheus', current: {} },
        choice('namespace', 'label_values(workqueue_depth{name="redisworker"}, namespace)'),
        choice('job', 'label_values(workqueue_depth{name="redisworker", namespace=~"$namespace"}, job)'),
      ],
    },
    panels: graphs.map(panel),
  };
  return `${JSON.stringify(dashboard, null, 2)}\n`;
}
