/**
 * The metrics that name a worker, as text of the Prometheus format. It is written directly: a registry would keep every
 * label of every worker between two scrapes, and take longer over them than the workers do.
 */
import { addDurations, durationBounds, type Durations, noDurations } from '../redis/durations.ts';
import type { MetricDescription } from './metric-description.ts';
import { chosen, type WorkerFigures } from './worker-figures.ts';

/** One metric: what it is called, and the samples of one worker. */
interface Family extends Pick<MetricDescription, 'name' | 'help'> {
  readonly type: 'gauge' | 'counter' | 'histogram';
  /** Labels beside namespace and worker. */
  readonly labels: readonly string[];
  samples(figures: WorkerFigures, now: number): readonly Sample[];
}

/** What follows the name of the metric, further labels, and the value. */
type Sample = readonly [suffix: string, labels: Readonly<Record<string, string>>, value: number];

const families: readonly Family[] = [
  gauge('worker_ready', '1 while the condition Ready of the worker is True, else 0, with its reason', (figures) => [
    ['', { reason: figures.reason }, figures.ready === 'True' ? 1 : 0],
  ], ['reason']),
  gauge('consumers_wanted', 'Consumers that are asked for', ({ wanted }) => known(wanted)),
  gauge('consumers_ready', 'Consumers asked for of which a pod is ready', ({ serving }) => known(serving)),
  gauge(
    'consumers',
    'Consumers by their state in the status; during a rollout those that wait for it are Updating',
    ({ states }) => Object.entries(states).map(([state, count]) => ['', { state }, count]),
    ['state'],
  ),
  gauge('backlog_requests', 'Requests that are not finished', ({ backlog }) => known(backlog)),
  gauge('lag_requests', 'Requests that were not delivered yet', ({ lag }) => known(lag)),
  gauge('pending_requests', 'Requests delivered and not acknowledged', ({ pending }) => known(pending)),
  gauge('scheduled_requests', 'Requests that wait for their next attempt', ({ scheduled }) => known(scheduled)),
  gauge(
    'oldest_pending_age_seconds',
    'How long ago the oldest request that is delivered and not acknowledged was added; 0 without one',
    ({ oldestPending, pending }, now) =>
      oldestPending === undefined
        ? known(pending === 0 ? 0 : undefined)
        : known(Math.max(0, now - oldestPending) / 1000),
  ),
  gauge('dead_letters', 'Requests nobody could finish that are kept', ({ deadLetters }) => known(deadLetters)),
  counter(
    'responses_total',
    'Responses by code; rare codes are added up under "other"',
    ({ codes }) => Object.entries(codes).map(([code, count]) => ['', { code }, count]),
    ['code'],
  ),
  counter('retries_total', 'Attempts beyond the first of requests that are finished', ({ retries }) => known(retries)),
  {
    name: 'redisworker_request_duration_seconds',
    help: 'How long handlers took over requests',
    type: 'histogram',
    labels: ['le'],
    samples: ({ durations = noDurations }) => histogram(durations),
  },
  counter('restarts_total', 'Restarts of worker containers', ({ restarts }) => known(restarts)),
  counter('scale_decisions_total', 'Changes of the wanted consumers by autoscale', ({ scaledOut, scaledIn }) => [
    ['', { direction: 'out' }, scaledOut],
    ['', { direction: 'in' }, scaledIn],
  ], ['direction']),
];

/** Without labels. */
const omitted = {
  name: 'redisworker_workers_omitted',
  help: 'Workers beyond --metrics-per-worker-limit: the series with an empty worker label add them up',
  type: 'gauge',
} as const;

/** The metrics, without their values. */
export function describeWorkerMetrics(): MetricDescription[] {
  const named = families.map(({ name, help, type, labels }) => ({
    name,
    help,
    type,
    labels: ['namespace', 'worker', ...labels],
  }));
  return [...named, { ...omitted, labels: [] }];
}

/** @param limit of workers that are named; the others are added up */
export function renderWorkerMetrics(all: readonly WorkerFigures[], limit: number, now: number): string {
  const { named, rest } = chosen(all, limit);
  const told = [
    ...named.map((figures) => [labelsOf({ namespace: figures.namespace, worker: figures.worker }), figures] as const),
    ...(rest.length > 0 ? [[labelsOf({ namespace: '', worker: '' }), together(rest)] as const] : []),
  ];
  const lines: string[] = [];
  for (const family of families) {
    const { name, help, type } = family;
    lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`);
    for (const [labels, figures] of told) {
      for (const [suffix, more, value] of family.samples(figures, now)) {
        lines.push(`${name}${suffix}{${labels}${also(more)}} ${value}`);
      }
    }
  }
  lines.push(
    `# HELP ${omitted.name} ${omitted.help}`,
    `# TYPE ${omitted.name} gauge`,
    `${omitted.name} ${rest.length}`,
  );
  return `${lines.join('\n')}\n`;
}

/** Many workers as one: what adds up is added, what is unknown of one is left out, the oldest request is the oldest of all. */
function together(all: readonly WorkerFigures[]): WorkerFigures {
  const sum = (of: (figures: WorkerFigures) => number | undefined): number | undefined => {
    const parts = all.map(of).filter((part) => part !== undefined);
    return parts.length === 0 ? undefined : parts.reduce((one, other) => one + other, 0);
  };
  const oldest = all.map(({ oldestPending }) => oldestPending).filter((time) => time !== undefined);
  return {
    namespace: '',
    worker: '',
    created: '',
    ready: all.every(({ ready }) => ready === 'True') ? 'True' : 'False',
    reason: '',
    backlog: sum(({ backlog }) => backlog),
    lag: sum(({ lag }) => lag),
    pending: sum(({ pending }) => pending),
    scheduled: sum(({ scheduled }) => scheduled),
    deadLetters: sum(({ deadLetters }) => deadLetters),
    oldestPending: oldest.length === 0 ? undefined : oldest.reduce((one, other) => Math.min(one, other)),
    wanted: sum(({ wanted }) => wanted),
    serving: sum(({ serving }) => serving),
    states: addedUp(all.map(({ states }) => states)),
    codes: addedUp(all.map(({ codes }) => codes)),
    retries: sum(({ retries }) => retries) ?? 0,
    durations: all.reduce((added, { durations = noDurations }) => addDurations(added, durations), noDurations),
    restarts: sum(({ restarts }) => restarts) ?? 0,
    scaledOut: sum(({ scaledOut }) => scaledOut) ?? 0,
    scaledIn: sum(({ scaledIn }) => scaledIn) ?? 0,
  };
}

function addedUp(all: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const counts of all) {
    for (const [name, count] of Object.entries(counts)) sums[name] = (sums[name] ?? 0) + count;
  }
  return sums;
}

function known(value: number | undefined): readonly Sample[] {
  return value === undefined ? [] : [['', {}, value]];
}

/** Counts of a bucket have those of all lower ones in them. */
function histogram({ counts, sumMs }: Durations): readonly Sample[] {
  let below = 0;
  const buckets = [...durationBounds, Infinity].map((bound, at): Sample => {
    below += counts[at] ?? 0;
    return ['_bucket', { le: bound === Infinity ? '+Inf' : String(bound / 1000) }, below];
  });
  return below === 0 ? [] : [...buckets, ['_sum', {}, sumMs / 1000], ['_count', {}, below]];
}

function gauge(name: string, help: string, samples: Family['samples'], labels: readonly string[] = []): Family {
  return { name: `redisworker_${name}`, help, type: 'gauge', labels, samples };
}

function counter(name: string, help: string, samples: Family['samples'], labels: readonly string[] = []): Family {
  return { name: `redisworker_${name}`, help, type: 'counter', labels, samples };
}

function also(labels: Readonly<Record<string, string>>): string {
  const text = labelsOf(labels);
  return text === '' ? '' : `,${text}`;
}

function labelsOf(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`).join(',');
}

function escaped(value: string): string {
  return /[\\\n"]/.test(value) ? value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"') : value;
}
