/** What people look at in Grafana and are woken by: a real Prometheus has data for every graph, and alerts fire. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { requestStreamKey } from '../../contract/keys.ts';
import { encodeRequest } from '../../contract/request.ts';
import { alerts, alertsYaml } from '../../charts/monitoring/alerts.ts';
import { dashboardJson } from '../../charts/monitoring/dashboard.ts';
import { scope, workerScope } from '../../charts/monitoring/scope.ts';
import { applyObjects, createNamespace, describeOnCluster, installCrds } from '../support/control-plane/shared.ts';
import { withInline, withSpec, worker } from '../support/gen.ts';
import { type OperatorProcess, startOperatorProcess, startTestNode } from '../support/operator.ts';
import { type Sample, startPrometheus, type TestPrometheus } from '../support/prometheus.ts';
import { guardPassword as redisPassword, startGuardedRedis, type TestRedis } from '../support/redis.ts';
import { ask } from '../support/requests.ts';
import { describeWith, toolPath } from '../support/tools/shared.ts';
import { eventually } from '../support/wait.ts';

const patienceMs = 150_000;
const job = 'rwo-metrics';
const release = { namespace: 'redisworker', pod: 'rwo-1' };

/** Each makes something happen that a graph shows. */
const workers = [
  worker('answers'),
  worker(
    'gives-up',
    withInline('export default () => { throw new Error("never"); };\n'),
    withSpec({ handler: { maxAttempts: 2, backoff: { initialMs: 1, maxMs: 10 } } }),
  ),
  worker('ends', withInline('Deno.exit(3);\n'), withSpec({ runtime: 'Script' })),
  worker('wakes', withSpec({ consumers: { autoscale: { min: 0, max: 1, backlogPerConsumer: 1 } } })),
  worker('waits', withSpec({ secretRef: { name: 'nobody-makes-it' } })),
];

/** Graphs of things that do not happen here: theirs is a line at 0, or no time at all. The others show more than 0. */
const flat = [
  'Where requests wait',
  'Backlog',
  'Oldest request at work',
  'Workers without series of their own',
  'Queue',
  'Redis: calls that failed',
  'Watches started again, events given up',
];

interface Dashboard {
  readonly templating: { readonly list: readonly { readonly name: string; readonly query: unknown }[] };
  readonly panels: readonly { readonly title: string; readonly targets?: readonly { readonly expr: string }[] }[];
}

describeOnCluster('a Prometheus that scrapes an operator', () => {
  describeWith('prometheus')('with workers that do well and badly', () => {
    let redis: TestRedis;
    let operator: OperatorProcess;
    let node: { stop(): Promise<void> };
    let prometheus: TestPrometheus;
    let namespace: string;

    beforeAll(async () => {
      await installCrds();
      namespace = await createNamespace('prometheus');
      redis = await startGuardedRedis();
      [operator, node] = await Promise.all([
        startOperatorProcess({ redisUrl: redis.url, redisPassword, namespace }),
        startTestNode(namespace),
      ]);
      prometheus = await startPrometheus({
        program: toolPath('prometheus'),
        target: new URL(operator.httpUrl).host,
        job,
        labels: release,
        rules: alertsYaml().replaceAll(workerScope, `job="${job}"`)
          .replaceAll(scope, `namespace="${release.namespace}",job="${job}"`),
      });
      await applyObjects(...workers.map((one) => ({ ...one, metadata: { ...one.metadata, namespace } })));
    });

    afterAll(async () => {
      await prometheus.stop();
      await operator.stop();
      await node.stop();
      await redis.stop();
    });

    /** Adds a request without waiting for its reply. */
    const send = (type: string): Promise<unknown> =>
      redis.client.xadd(requestStreamKey(type), '*', ...Object.entries(encodeRequest('r', type, '{}')).flat());

    test('has data for every graph of the dashboard', async () => {
      // A counter shows what happens from its first sample on.
      const sampled = async (metric: string, name: string) =>
        (await prometheus.query(`${metric}{worker="${name}"}`)).length > 0;
      await eventually(
        'the workers have series',
        async () =>
          await sampled('redisworker_scale_decisions_total', 'wakes') &&
          await sampled('redisworker_dead_letters', 'gives-up') &&
          await sampled('redisworker_restarts_total', 'ends'),
        patienceMs,
      );
      await send('wakes');
      const waiting = new Map(queriesOf(dashboard()).map((query) => [query.expr, query]));
      await eventually(`there is data for ${list(waiting)}`, async () => {
        await Promise.all([ask(redis.client, 'answers', {}), send('gives-up')]);
        for (const { title, expr } of waiting.values()) {
          if (tellsSomething(title, await prometheus.query(expr))) waiting.delete(expr);
        }
        return waiting.size === 0;
      }, patienceMs).catch((cause: unknown) => {
        throw new Error(`no data for ${list(waiting)}`, { cause });
      });
    });

    test('offers the release, the namespaces and the workers to choose from', async () => {
      const choices: Record<string, readonly string[]> = {};
      for (const { name, query } of dashboard().templating.list) {
        const [, series, label] = /^label_values\((.*), (\w+)\)$/.exec((query as { query?: string }).query ?? '') ?? [];
        if (series !== undefined) choices[name] = await prometheus.labelValues(label!, chosen(series));
      }
      expect(choices).toEqual({
        job: [job],
        namespace: [namespace],
        worker: workers.map(({ metadata }) => metadata.name).sort(),
      });
    });

    test('evaluates every alert, and fires those whose time has come', async () => {
      const rules = await eventually('all rules are evaluated', async () => {
        const all = await prometheus.rules();
        return all.every(({ health }) => health !== 'unknown') && all;
      }, patienceMs);
      expect(rules.map(({ name }) => name)).toEqual(alerts.map(({ alert }) => alert));
      expect(rules.filter(({ health }) => health !== 'ok').map(({ name, lastError }) => [name, lastError])).toEqual([]);

      const alertOf = async (name: string, state: 'firing' | 'pending', labels: Readonly<Record<string, string>>) =>
        await eventually(`${name} is ${state}`, async () => {
          const rule = (await prometheus.rules()).find((one) => one.name === name);
          return rule?.alerts.find((alert) =>
            alert.state === state && Object.entries(labels).every(([label, value]) => alert.labels[label] === value)
          );
        }, patienceMs);
      await send('gives-up');
      const dead = await alertOf('RedisWorkerDeadLetters', 'firing', { namespace, worker: 'gives-up' });
      expect(dead.annotations['summary']).toBe(`${namespace}/gives-up gives requests up`);
      await alertOf('RedisWorkerRestarts', 'firing', { namespace, worker: 'ends' });
      await alertOf('RedisWorkersNotReady', 'pending', { reason: 'SecretNotFound' });
      await alertOf('RedisWorkerConsumersMissing', 'pending', { namespace, worker: 'ends' });
    });
  });
});

function dashboard(): Dashboard {
  return JSON.parse(dashboardJson()) as Dashboard;
}

/** What Grafana asks when everything is chosen, each with the title of its graph. */
function queriesOf({ panels }: Dashboard): readonly { readonly title: string; readonly expr: string }[] {
  return panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ title, expr: chosen(expr) })));
}

/** In the place of what is chosen at the top of the dashboard. */
function chosen(expr: string): string {
  return expr.replaceAll('$job', job).replaceAll(/\$(namespace|worker)\b/g, '.*').replaceAll('$__rate_interval', '30s');
}

/** A quotient or a quantile of nothing is NaN, which Grafana does not draw. */
function tellsSomething(title: string, samples: readonly Sample[]): boolean {
  return samples.some(({ value }) => Number.isFinite(value) && (value > 0 || flat.includes(title)));
}

function list(queries: ReadonlyMap<string, { readonly title: string; readonly expr: string }>): string {
  return [...queries.values()].map(({ title, expr }) => `"${title}" (${expr})`).join(', ');
}
