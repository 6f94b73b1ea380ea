/** docs/reference/alerts.md: the alerts of the chart, with what to do about each. */
import { alerts } from '../../charts/monitoring/alerts.ts';
import { generated, plain, table } from './table.ts';

/** The page. */
export function alertsPage(): string {
  return [
    generated,
    '',
    '# Alerts',
    '',
    'What `metrics.prometheusRule.enabled=true` of the chart makes. The expressions are in [alerts.yaml](../../charts/redis-worker-operator/files/alerts.yaml).',
    '',
    table(
      ['alert', 'severity', 'after', 'fires when'],
      alerts.map(({ alert, labels, for: after, annotations }) => [
        `[${alert}](#${alert.toLowerCase()})`,
        labels.severity,
        after,
        annotations.summary.replaceAll(/{{.*?}}/g, '…'),
      ]),
    ),
    '',
    ...alerts.flatMap(({ alert, annotations: { description, runbook } }) => [
      `## ${alert}`,
      '',
      plain(description),
      '',
      plain(runbook),
      '',
    ]),
  ].join('\n');
}
