/** docs/reference/metrics.md: the operator's metrics, from its registry. */
import { createMetrics } from '../../operator/observability/metrics.ts';
import { generated, table } from './table.ts';

/** The page. */
export function metricsPage(): string {
  const metrics = createMetrics();
  metrics.queue('redisworker');
  metrics.controller('redisworker');
  metrics.workers(() => []);
  const all = metrics.describe();
  const own = all.filter(({ name }) => !/^(process|nodejs)_/.test(name));
  return [
    generated,
    '',
    '# Metrics',
    '',
    'What `/metrics` of the operator serves; times are in seconds. Those with the label `worker` are there for each worker, as the leader sees it: what is not known has no series, so it is never taken for 0. With more workers than `--metrics-per-worker-limit` the oldest have series, and one without a name adds up the rest. Names are those that dashboards for controller-runtime know, where there is such a name. The figures of the Node process itself (`process_…`, `nodejs_…`) are served beside them.',
    '',
    table(
      ['metric', 'type', 'labels', 'what it is'],
      own.map((
        { name, type, labels, help },
      ) => [`\`${name}\``, type, labels.map((label) => `\`${label}\``).join(', '), help]),
    ),
    '',
  ].join('\n');
}
