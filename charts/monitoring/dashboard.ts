/** The dashboard, of which files/dashboard.json is made. Pure; its types are those Grafana publishes. */
import {
  DashboardCursorSync,
  type defaultDashboard,
  type Panel,
  type RowPanel,
  type VariableModel,
  VariableRefresh,
  VariableSort,
  VariableType,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { scope, workerScope } from './scope.ts';

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

/** The labels of the release and of the workers that are looked at, chosen at the top of the dashboard. */
const chosenRelease = 'job=~"$job"';
const chosenWorkers = 'job=~"$job",namespace=~"$namespace",worker=~"$worker"';

const rate = (metric: string, by: string, of = scope): string =>
  `sum by (${by}) (rate(${metric}{${of}}[$__rate_interval]))`;

const quantile = (share: number, metric: string, of: string): string =>
  `histogram_quantile(${share}, sum by (le) (rate(${metric}_bucket{${of}}[$__rate_interval])))`;

/** How long it takes half of the time, and hardly ever longer. */
const times = (metric: string, of = scope): Graph['queries'] => [
  { expr: quantile(0.5, metric, of), legend: 'half' },
  { expr: quantile(0.99, metric, of), legend: '99 of 100' },
];

/** The workers of which there is most. */
const most = (expr: string): Query => ({ expr: `topk(20, ${expr})`, legend: '{{namespace}}/{{worker}}' });

const of = (metric: string, more = ''): string => `redisworker_${metric}{${workerScope}${more}}`;

const ofWorkers: readonly Graph[] = [
  {
    title: 'Backlog',
    description: 'Requests that are not finished; the 20 workers with most of them.',
    unit: 'short',
    queries: [most(of('backlog_requests'))],
  },
  {
    title: 'Where requests wait',
    description: 'Not delivered, delivered and not acknowledged, waiting for their next attempt.',
    unit: 'short',
    queries: ['lag', 'pending', 'scheduled'].map((what) => ({ expr: `sum(${of(`${what}_requests`)})`, legend: what })),
  },
  {
    title: 'Oldest request at work',
    description: 'How long ago it was added.',
    unit: 's',
    queries: [most(of('oldest_pending_age_seconds'))],
  },
  {
    title: 'Responses by code',
    description: '200 to 299 is success.',
    unit: 'ops',
    queries: [{ expr: rate('redisworker_responses_total', 'code', workerScope), legend: '{{code}}' }],
  },
  {
    title: 'Share of requests that fail',
    description: 'Those with a code outside 200 to 299; the 20 worst workers.',
    unit: 'percentunit',
    queries: [
      most(
        `sum by (namespace, worker) (rate(${of('responses_total', ',code!~"2.."')}[$__rate_interval])) / ${
          rate('redisworker_responses_total', 'namespace, worker', workerScope)
        }`,
      ),
    ],
  },
  {
    title: 'Time of a request',
    description: 'How long handlers take.',
    unit: 's',
    queries: times('redisworker_request_duration_seconds', workerScope),
  },
  {
    title: 'Retries',
    description: 'Attempts beyond the first.',
    unit: 'ops',
    queries: [most(rate('redisworker_retries_total', 'namespace, worker', workerScope))],
  },
  {
    title: 'Dead letters',
    description: 'Requests nobody could finish, which are kept.',
    unit: 'short',
    queries: [most(of('dead_letters'))],
  },
  {
    title: 'Consumers',
    description: 'Those asked for, and those that are ready.',
    unit: 'short',
    queries: [
      { expr: `sum(${of('consumers_wanted')})`, legend: 'wanted' },
      { expr: `sum(${of('consumers_ready')})`, legend: 'ready' },
    ],
  },
  {
    title: 'Consumers by state',
    description: 'Updating wait for their turn in a rollout.',
    unit: 'short',
    queries: [{ expr: `sum by (state) (${of('consumers')})`, legend: '{{state}}' }],
  },
  {
    title: 'Restarts',
    description: 'Of containers, in the time one point stands for.',
    unit: 'short',
    queries: [most(`increase(${of('restarts_total')}[$__rate_interval])`)],
  },
  {
    title: 'Decisions of autoscale',
    description: 'Out is more consumers, in is fewer.',
    unit: 'ops',
    queries: [{ expr: rate('redisworker_scale_decisions_total', 'direction', workerScope), legend: '{{direction}}' }],
  },
  {
    title: 'Workers that are not ready',
    description: 'By the reason of the condition Ready; none on a good day.',
    unit: 'short',
    queries: [{ expr: `sum by (reason) (${of('worker_ready')} == bool 0)`, legend: '{{reason}}' }],
  },
  {
    title: 'Workers without series of their own',
    description: 'Beyond metrics.perWorkerLimit; they are added up in the series without a name.',
    unit: 'short',
    queries: [{ expr: `sum(redisworker_workers_omitted{${scope}})`, legend: 'workers' }],
  },
];

const ofOperators: readonly Graph[] = [
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

/** A graph as Grafana takes it; `at` is its place in two columns below the line `top`. */
function panel({ title, description, unit, queries }: Graph, at: number, id: number, top: number): Panel {
  return {
    id,
    type: 'timeseries',
    title,
    description,
    datasource,
    gridPos: { h: height, w: width, x: (at % 2) * width, y: top + Math.floor(at / 2) * height },
    fieldConfig: { defaults: { unit, min: 0, custom: { fillOpacity: 10, showPoints: 'never' } }, overrides: [] },
    options: { legend: { displayMode: 'list', placement: 'bottom', showLegend: true }, tooltip: { mode: 'multi' } },
    targets: queries.map(({ expr, legend }, index) => ({
      refId: String.fromCharCode(65 + index),
      datasource,
      expr: expr.replaceAll(workerScope, chosenWorkers).replaceAll(scope, chosenRelease),
      legendFormat: legend,
      editorMode: 'code',
      range: true,
    })) as Panel['targets'] & object,
  };
}

/** A heading, and the graphs below it. */
function part(title: string, graphs: readonly Graph[], firstId: number, top: number): (Panel | RowPanel)[] {
  return [
    { type: 'row', id: firstId, title, collapsed: false, gridPos: { h: 1, w: 2 * width, x: 0, y: top }, panels: [] },
    ...graphs.map((graph, at) => panel(graph, at, firstId + 1 + at, top + 1)),
  ];
}

/** All matches whatever there is, a series without the label too. */
function choice(name: string, query: string): VariableModel {
  return {
    name,
    label: name,
    type: VariableType.Query,
    datasource,
    query: { query, refId: name },
    refresh: VariableRefresh.OnTimeRangeChanged,
    sort: VariableSort.AlphabeticalAsc,
    multi: true,
    includeAll: true,
    allValue: '.*',
    current: { text: 'All', value: '$__all' },
  };
}

/** The text of files/dashboard.json. */
export function dashboardJson(): string {
  const ready = 'redisworker_worker_ready{job=~"$job"';
  const dashboard = {
    uid: 'redisworker-operator',
    title: 'RedisWorkers and their operator',
    description: 'How workers do and how the operator that looks after them does.',
    tags: ['redisworker'],
    schemaVersion: 39,
    editable: true,
    graphTooltip: DashboardCursorSync.Crosshair,
    refresh: '30s',
    time: { from: 'now-3h', to: 'now' },
    timezone: 'browser',
    annotations: {},
    templating: {
      list: [
        {
          name: 'datasource',
          label: 'datasource',
          type: VariableType.Datasource,
          query: 'prometheus',
          current: { text: 'default', value: 'default' },
        },
        choice('job', 'label_values(workqueue_depth{name="redisworker"}, job)'),
        choice('namespace', `label_values(${ready}}, namespace)`),
        choice('worker', `label_values(${ready},namespace=~"$namespace"}, worker)`),
      ],
    },
    panels: [
      ...part('Workers', ofWorkers, 1, 0),
      ...part('Operators', ofOperators, 101, 1 + height * Math.ceil(ofWorkers.length / 2)),
    ],
  } satisfies ReturnType<typeof defaultDashboard>;
  return `${JSON.stringify(dashboard, null, 2)}\n`;
}
