/** The alerts: when they fire, what they mean and what to do. Pure data, of which files/alerts.yaml is made. */
import { stringify } from 'yaml';
import { scope, workerScope } from './scope.ts';

/** An alert as Prometheus takes it. */
export interface Alert {
  readonly alert: string;
  readonly expr: string;
  readonly for: string;
  readonly labels: { readonly severity: 'critical' | 'warning' };
  readonly annotations: {
    /** One line, for the title. */
    readonly summary: string;
    /** What it means for workers. */
    readonly description: string;
    /** What to look at, in order. */
    readonly runbook: string;
  };
}

/** In the order in which they are looked at. */
export const alerts: readonly Alert[] = [
  {
    alert: 'RedisWorkerOperatorDown',
    expr: `absent(up{${scope}} == 1)`,
    for: '5m',
    labels: { severity: 'critical' },
    annotations: {
      summary: 'No RedisWorker operator answers',
      description:
        'Workers that run go on, and answer requests. Nobody replaces a pod that changed, repairs a policy, or serves new workers.',
      runbook: steps(
        'kubectl get pods with the labels of the release: do they exist, are they ready, why did they end last?',
        'kubectl logs --previous of a pod that was restarted; its last line has the reason in one sentence.',
        'If pods are ready, ask why Prometheus does not reach them: networkPolicy.metricsFrom, or the rights of its ServiceAccount.',
      ),
    },
  },
  {
    alert: 'RedisWorkerOperatorWithoutLeader',
    expr: `absent(leader_election_master_status{${scope}} == 1) and on() (max(up{${scope}}) == 1)`,
    for: '5m',
    labels: { severity: 'critical' },
    annotations: {
      summary: 'Operators run, and none of them leads',
      description: 'A standby takes over within seconds. For minutes nobody has, so nothing is reconciled.',
      runbook: steps(
        'kubectl get lease with the name of the release: who holds it, and is the holder renewing it?',
        'kubectl logs of the operators: a right that is missing for Leases, or an API server that does not answer, is told there.',
      ),
    },
  },
  {
    alert: 'RedisWorkerOperatorNotReconciling',
    expr: `max(workqueue_longest_running_processor_seconds{${scope}}) > 300`,
    for: '5m',
    labels: { severity: 'warning' },
    annotations: {
      summary: 'A reconcile has been running for {{ $value | humanizeDuration }}',
      description: 'The worker it is about is not looked after meanwhile; others are.',
      runbook: steps(
        'kubectl logs of the leader with logLevel debug names the worker.',
        'See whether its Redis or the API server answers slowly: redisworker_redis_roundtrip_seconds, rest_client_requests_total.',
      ),
    },
  },
  {
    alert: 'RedisWorkerOperatorErrors',
    expr: errorShare(0.1),
    for: '15m',
    labels: { severity: 'warning' },
    annotations: {
      summary: '{{ $value | humanizePercentage }} of reconciles fail',
      description:
        'They are tried again with growing pauses. Faults that only a change of a manifest can mend are not counted here.',
      runbook: steps(
        'kubectl logs of the leader: each failure is one sentence with the worker it is about.',
        'rest_client_requests_total by code: 403 is a right that is missing, 429 and 5xx an API server under load.',
      ),
    },
  },
  {
    alert: 'RedisWorkersNotReady',
    expr: `sum by (namespace, reason) (redisworker_workers{${scope},ready!="True"}) > 0`,
    for: '15m',
    labels: { severity: 'warning' },
    annotations: {
      summary: '{{ $value }} workers are not ready: {{ $labels.reason }}',
      description: 'Their requests wait, or part of their consumers is missing.',
      runbook: steps(
        'kubectl get redisworkers -A -o wide shows which, and the reason of each.',
        'kubectl describe redisworker: the message of the condition says what is wrong and what mends it; docs/conditions.md lists the reasons.',
      ),
    },
  },
  {
    alert: 'RedisWorkerRedisUnreachable',
    expr: `sum by (namespace, code) (increase(redisworker_redis_errors_total{${scope}}[5m])) > 0`,
    for: '10m',
    labels: { severity: 'critical' },
    annotations: {
      summary: 'Calls of the operator to Redis fail: {{ $labels.code }}',
      description:
        'Workers of that Redis keep running and try to reach it by themselves; nothing of them is changed meanwhile.',
      runbook: steps(
        'kubectl get redisworkers -A and the condition RedisReachable say which Redis, and why.',
        'kubectl exec into an operator and run redisworker doctor: it tells what is wrong with the server, with the fix.',
      ),
    },
  },
  {
    alert: 'RedisWorkerBacklogGrows',
    expr:
      `deriv(redisworker_backlog_requests{${workerScope}}[15m]) > 0 and redisworker_backlog_requests{${workerScope}} > 100`,
    for: '15m',
    labels: { severity: 'warning' },
    annotations: {
      summary: 'The backlog of {{ $labels.namespace }}/{{ $labels.worker }} grows',
      description: 'More requests come than its consumers finish. Callers wait longer and longer, or give up.',
      runbook: steps(
        'kubectl get redisworker: are all consumers ready, and is the number of them at its bound?',
        'redisworker_request_duration_seconds: have requests become slower? Look at what the code calls.',
        'Raise consumers.count or consumers.autoscale.max, or handler.concurrency where the code waits more than it computes.',
      ),
    },
  },
  {
    alert: 'RedisWorkerOldestPendingOld',
    expr: `redisworker_oldest_pending_age_seconds{${workerScope}} > 900`,
    for: '5m',
    labels: { severity: 'warning' },
    annotations: {
      summary:
        'A request of {{ $labels.namespace }}/{{ $labels.worker }} has not been finished for {{ $value | humanizeDuration }}',
      description: 'It was delivered to a consumer that has neither answered it nor given it up.',
      runbook: steps(
        'kubectl describe redisworker: which consumer has pending requests, and does it run?',
        'redisworker trace with the reference of the request tells where it is.',
        'Code that takes that long needs a longer handler.timeoutSeconds; with it this alert is too early.',
      ),
    },
  },
  {
    alert: 'RedisWorkerRequestsFail',
    expr: failureShare(0.1),
    for: '10m',
    labels: { severity: 'warning' },
    annotations: {
      summary: '{{ $value | humanizePercentage }} of the requests of {{ $labels.namespace }}/{{ $labels.worker }} fail',
      description: 'Callers get replies with a code outside 200 to 299.',
      runbook: steps(
        'redisworker_responses_total by code: 400 is the callers, 500 the code, others are its own.',
        'kubectl logs of its pods: a line for each request that failed, with its reference and the stack.',
        'When it began with a change of the manifest, apply the one before.',
      ),
    },
  },
  {
    alert: 'RedisWorkerDeadLetters',
    expr: `delta(redisworker_dead_letters{${workerScope}}[15m]) > 0`,
    for: '0m',
    labels: { severity: 'warning' },
    annotations: {
      summary: '{{ $labels.namespace }}/{{ $labels.worker }} gives requests up',
      description: 'Their attempts are used up, or they keep ending the process that runs them. They are kept.',
      runbook: steps(
        'redisworker dead list shows them with the reason.',
        'Mend the cause, then redisworker dead redrive runs them again; redisworker dead purge removes them.',
      ),
    },
  },
  {
    alert: 'RedisWorkerConsumersMissing',
    expr: `redisworker_consumers_wanted{${workerScope}} - redisworker_consumers_ready{${workerScope}} > 0`,
    for: '15m',
    labels: { severity: 'warning' },
    annotations: {
      summary: '{{ $value }} consumers of {{ $labels.namespace }}/{{ $labels.worker }} are missing',
      description: 'Its requests are worked on by fewer consumers than it asks for, or by none.',
      runbook: steps(
        'kubectl describe redisworker: the rows of the consumers and the message of Ready say what keeps them.',
        'kubectl logs of a pod that was restarted, with --previous.',
      ),
    },
  },
  {
    alert: 'RedisWorkerRestarts',
    expr: `increase(redisworker_restarts_total{${workerScope}}[15m]) > 3`,
    for: '0m',
    labels: { severity: 'warning' },
    annotations: {
      summary: 'Containers of {{ $labels.namespace }}/{{ $labels.worker }} are restarted again and again',
      description: 'What they were at is given to others, or waits until they are back.',
      runbook: steps(
        'kubectl describe redisworker: the message of Ready has why the last one ended.',
        'OOMKilled: hold less at once, or raise spec.pod.resources.limits.memory.',
      ),
    },
  },
  {
    alert: 'RedisWorkerCanaryFailed',
    expr: `redisworker_worker_ready{${workerScope},reason="CanaryFailed"} == 0`,
    for: '0m',
    labels: { severity: 'warning' },
    annotations: {
      summary: 'New code of {{ $labels.namespace }}/{{ $labels.worker }} was tried and taken back',
      description: 'Requests of its canary failed too often. All consumers run what worked before.',
      runbook: steps(
        'kubectl describe redisworker: the message says how many of how many failed.',
        'Correct the code, or apply the manifest from before to be done with it.',
      ),
    },
  },
  {
    alert: 'RedisWorkerOperatorEventsDropped',
    expr: `sum by (namespace) (increase(redisworker_events_dropped_total{${scope}}[15m])) > 0`,
    for: '0m',
    labels: { severity: 'warning' },
    annotations: {
      summary: '{{ $value | humanize }} events were given up',
      description: 'Events of workers are missing in kubectl describe. Conditions are complete.',
      runbook: steps(
        'Many workers fail at once, or the API server is slow: see the other alerts.',
        'rest_client_requests_total by code: 403 on events is a right that is missing.',
      ),
    },
  },
  {
    alert: 'RedisWorkerOperatorWatchesRestart',
    expr: `sum by (namespace, kind, cause) (increase(redisworker_watch_restarts_total{${scope}}[15m])) > 10`,
    for: '15m',
    labels: { severity: 'warning' },
    annotations: {
      summary: 'Watches of {{ $labels.kind }} end again and again: {{ $labels.cause }}',
      description: 'The operator learns of changes later than it should, and lists whole kinds anew.',
      runbook: steps(
        'cause Forbidden: grant the verb that /readyz of the operator names.',
        'cause Silent or ShortWatch: something between operator and API server ends long connections.',
        'cause Expired: the API server is under load, or restarts.',
      ),
    },
  },
];

/** Replies with a code outside 200 to 299, as a share of all replies of a worker. */
function failureShare(most: number): string {
  const per = (which: string) =>
    `sum by (namespace, worker) (rate(redisworker_responses_total{${workerScope}${which}}[10m]))`;
  return `${per(',code!~"2.."')} / ${per('')} > ${most}`;
}

/** Failures that trying again may mend, as a share of all reconciles. */
function errorShare(most: number): string {
  const per = (metric: string) => `sum by (namespace) (rate(${metric}{${scope}}[15m]))`;
  const total = 'controller_runtime_reconcile_total';
  const failed = 'controller_runtime_reconcile_errors_total';
  const terminal = 'controller_runtime_terminal_reconcile_errors_total';
  return `(${per(failed)} - (${per(terminal)} or 0 * ${per(failed)})) / ${per(total)} > ${most}`;
}

function steps(...lines: readonly string[]): string {
  return lines.map((line, at) => `${at + 1}. ${line}`).join('\n');
}

/** The text of files/alerts.yaml: the groups of a PrometheusRule. */
export function alertsYaml(): string {
  return `# Generated from charts/monitoring by \`npm run generate\`; change it there.\n${
    stringify({ groups: [{ name: 'redisworker', rules: alerts }] }, {
      lineWidth: 0,
      compat: 'yaml-1.1',
      aliasDuplicateObjects: false,
    })
  }`;
}
