/** The alerts fire when they should and at no other time, and every query of alerts and dashboard can be asked. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createMetrics } from '../../operator/observability/metrics.ts';
import { render, type Rendered } from '../support/chart/helm.ts';
import { tryRun } from '../support/command.ts';
import { alertsPage } from '../../scripts/reference/alerts.ts';
import { describeWith, toolPath } from '../support/tools/shared.ts';

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly annotations: Readonly<Record<string, string>>;
}

/** Labels that a ServiceMonitor gives to what it scrapes. */
const scope = 'namespace="redisworker",job="rwo-redis-worker-operator-metrics",pod="rwo-1"';

/** Series of an hour that make an alert fire by its end, and of one in which it keeps quiet. */
const examples: Readonly<Record<string, { readonly fires: Series; readonly quiet: Series }>> = {
  RedisWorkerOperatorDown: { fires: { up: '0x60' }, quiet: { up: '1x60' } },
  RedisWorkerOperatorWithoutLeader: {
    fires: { up: '1x60', leader_election_master_status: '0x60' },
    quiet: { up: '1x60', leader_election_master_status: '1x60' },
  },
  RedisWorkerOperatorNotReconciling: {
    fires: { workqueue_longest_running_processor_seconds: '0+60x60' },
    quiet: { workqueue_longest_running_processor_seconds: '3x60' },
  },
  RedisWorkerOperatorErrors: {
    fires: {
      controller_runtime_reconcile_total: '0+100x60',
      controller_runtime_reconcile_errors_total: '0+50x60',
      controller_runtime_terminal_reconcile_errors_total: '0+10x60',
    },
    quiet: {
      controller_runtime_reconcile_total: '0+100x60',
      controller_runtime_reconcile_errors_total: '0+50x60',
      controller_runtime_terminal_reconcile_errors_total: '0+50x60',
    },
  },
  RedisWorkersNotReady: {
    fires: { 'redisworker_workers{ready="False",reason="NoRedis"}': '2x60' },
    quiet: { 'redisworker_workers{ready="True",reason="ConsumersReady"}': '2x60' },
  },
  RedisWorkerRedisUnreachable: {
    fires: { 'redisworker_redis_errors_total{code="RedisUnreachable"}': '0+1x60' },
    quiet: { 'redisworker_redis_errors_total{code="RedisUnreachable"}': '7x60' },
  },
  RedisWorkerBacklogGrows: {
    fires: { 'redisworker_backlog_requests{worker="w"}': '0+10x60' },
    quiet: { 'redisworker_backlog_requests{worker="w"}': '500x60' },
  },
  RedisWorkerOldestPendingOld: {
    fires: { 'redisworker_oldest_pending_age_seconds{worker="w"}': '0+60x60' },
    quiet: { 'redisworker_oldest_pending_age_seconds{worker="w"}': '30x60' },
  },
  RedisWorkerRequestsFail: {
    fires: {
      'redisworker_responses_total{worker="w",code="200"}': '0+100x60',
      'redisworker_responses_total{worker="w",code="500"}': '0+20x60',
    },
    quiet: {
      'redisworker_responses_total{worker="w",code="200"}': '0+100x60',
      'redisworker_responses_total{worker="w",code="500"}': '0+5x60',
    },
  },
  RedisWorkerDeadLetters: {
    fires: { 'redisworker_dead_letters{worker="w"}': '3x55 4x5' },
    quiet: { 'redisworker_dead_letters{worker="w"}': '3x60' },
  },
  RedisWorkerConsumersMissing: {
    fires: {
      'redisworker_consumers_wanted{worker="w"}': '3x60',
      'redisworker_consumers_ready{worker="w"}': '2x60',
    },
    quiet: {
      'redisworker_consumers_wanted{worker="w"}': '3x60',
      'redisworker_consumers_ready{worker="w"}': '3x60',
    },
  },
  RedisWorkerRestarts: {
    fires: { 'redisworker_restarts_total{worker="w"}': '0+1x60' },
    quiet: { 'redisworker_restarts_total{worker="w"}': '40x60' },
  },
  RedisWorkerCanaryFailed: {
    fires: { 'redisworker_worker_ready{worker="w",reason="CanaryFailed"}': '0x60' },
    quiet: { 'redisworker_worker_ready{worker="w",reason="NoRedis"}': '0x60' },
  },
  RedisWorkerOperatorEventsDropped: {
    fires: { redisworker_events_dropped_total: '0+1x60' },
    quiet: { redisworker_events_dropped_total: '5x60' },
  },
  RedisWorkerOperatorWatchesRestart: {
    fires: { 'redisworker_watch_restarts_total{kind="Pod",cause="Forbidden"}': '0+2x60' },
    quiet: { 'redisworker_watch_restarts_total{kind="Pod",cause="Expired"}': '0+1x4 4x56' },
  },
};

type Series = Readonly<Record<string, string>>;

describeWith('helm4', 'promtool')('the alerts', () => {
  let folder: string;
  let objects: readonly Rendered[];
  let rules: readonly Rule[];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'redisworker-test-'));
    objects = await render({ metrics: { prometheusRule: { enabled: true }, dashboard: { enabled: true } } });
    const { groups } = objects.find(({ kind }) => kind === 'PrometheusRule')?.spec as unknown as {
      groups: { rules: Rule[] }[];
    };
    rules = groups.flatMap((group) => group.rules);
    await writeFile(join(folder, 'rules.json'), JSON.stringify({ groups }));
  });
  afterAll(() => rm(folder, { recursive: true }));

  const promtool = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await tryRun(toolPath('promtool'), args);
    return code === 0 ? '' : stdout + stderr;
  };

  test('are rules that Prometheus takes', async () => {
    expect(await promtool('check', 'rules', join(folder, 'rules.json'))).toBe('');
  });

  test('are about the workers of their release: of all namespaces, or of the one it serves', async () => {
    const expr = async (values: object) => {
      const rule = (await render({ ...values, metrics: { prometheusRule: { enabled: true } } }))
        .find(({ kind }) => kind === 'PrometheusRule')?.spec as unknown as { groups: { rules: Rule[] }[] };
      return rule.groups[0]?.rules.find(({ alert }) => alert === 'RedisWorkerOldestPendingOld')?.expr;
    };
    const job = 'job="rwo-redis-worker-operator-metrics"';
    expect(await expr({})).toBe(`redisworker_oldest_pending_age_seconds{${job}} > 900`);
    expect(await expr({ watchNamespace: 'team-a' })).toBe(
      `redisworker_oldest_pending_age_seconds{namespace="team-a",${job}} > 900`,
    );
  });

  test('link to their part of the docs where those are served', async () => {
    const page = 'https://docs.example.com/alerts.html';
    const linked = await render({ metrics: { prometheusRule: { enabled: true, runbookUrl: page } } });
    const { groups } = linked.find(({ kind }) => kind === 'PrometheusRule')?.spec as unknown as {
      groups: { rules: Rule[] }[];
    };
    const headings = alertsPage().match(/(?<=^## ).*$/gm)?.map((heading) => `${page}#${heading.toLowerCase()}`);
    expect(groups.flatMap((group) => group.rules.map(({ annotations }) => annotations['runbook_url']))).toEqual(
      headings,
    );
  });

  test('say what they mean and what to do', () => {
    for (const { alert, annotations: { summary = '', description = '', runbook = '' } } of rules) {
      expect(summary, alert).not.toBe('');
      expect(description, alert).toMatch(/\.$/);
      expect(runbook, alert).toMatch(/^1\. .*\n2\. /);
    }
  });

  describe('each', () => {
    test('has an example', () => {
      expect(rules.map(({ alert }) => alert)).toEqual(Object.keys(examples));
    });

    test('fires when it should, and keeps quiet when it should', async () => {
      const tests = Object.entries(examples).flatMap(([alert, { fires, quiet }]) => [
        unitTest(`${alert} fires`, alert, fires, true),
        unitTest(`${alert} keeps quiet`, alert, quiet, false),
      ]);
      const file = join(folder, 'test.json');
      await writeFile(file, JSON.stringify({ rule_files: ['rules.json'], tests }));
      expect(await promtool('test', 'rules', file)).toBe('');
    });
  });

  /** Asks for the count, so that texts of annotations need not be repeated here. */
  function unitTest(name: string, alert: string, series: Series, fires: boolean): object {
    return {
      name,
      interval: '1m',
      input_series: Object.entries(series).map(([metric, values]) => ({ series: withScope(metric), values })),
      promql_expr_test: [{
        expr: `count(ALERTS{alertname="${alert}",alertstate="firing"}) or vector(0)`,
        eval_time: '1h',
        exp_samples: [{ labels: '{}', value: fires ? 1 : 0 }],
      }],
    };
  }

  test('and the dashboard ask for metrics that the operator has', async () => {
    const metrics = createMetrics();
    metrics.queue('q').longestRunning(() => 0);
    metrics.workers(() => []);
    const had = new Set([...(await metrics.render()).matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name));
    const asked = [...rules.map(({ expr }) => expr), ...dashboardQueries(objects)].flatMap((expr) => [
      ...expr.matchAll(/([a-z_]+)\{/g),
    ]).map(([, name = '']) => name.replace(/_bucket$/, ''));
    expect(asked.length).toBeGreaterThan(20);
    expect(asked.filter((name) => name !== 'up' && !had.has(name))).toEqual([]);
  });

  test('and the dashboard have queries without a mistake', async () => {
    const file = join(folder, 'dashboard.json');
    const recorded = dashboardQueries(objects).map((expr, at) => ({
      record: `dashboard:panel${at}`,
      expr: expr.replaceAll('$__rate_interval', '5m'),
    }));
    await writeFile(file, JSON.stringify({ groups: [{ name: 'dashboard', rules: recorded }] }));
    expect(await promtool('check', 'rules', file)).toBe('');
  });
});

function withScope(metric: string): string {
  return metric.includes('{') ? metric.replace('}', `,${scope}}`) : `${metric}{${scope}}`;
}

function dashboardQueries(objects: readonly Rendered[]): string[] {
  const config = objects.find(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name.endsWith('-dashboard'));
  const [text = ''] = Object.values(config?.['data'] as Record<string, string>);
  const { panels } = JSON.parse(text) as { panels: { targets?: { expr: string }[] }[] };
  return panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
}
