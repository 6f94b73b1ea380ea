/** What a worker costs the API server, from the apply until it is Ready and at rest, as the audit log tells it. */
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { readAuditLog } from '../support/control-plane/audit-log.ts';
import type { Kwok } from '../support/control-plane/kwok.ts';
import { type Cost, costOf } from '../support/control-plane/operator-cost.ts';
import { applyObjects, createNamespace, installCrds, kubectlOk } from '../support/control-plane/shared.ts';
import { describeOnKwok, startKwokFor } from '../support/control-plane/shared-kwok.ts';
import { withCount, worker } from '../support/gen.ts';
import { type OperatorProcess, startOperatorProcess } from '../support/operator.ts';
import { guardPassword as redisPassword, startGuardedRedis, type TestRedis } from '../support/redis.ts';

describeOnKwok('what a worker of three consumers costs', () => {
  let namespace: string;
  let redis: TestRedis;
  let operator: OperatorProcess;
  let kwok: Kwok;

  beforeAll(async () => {
    await installCrds();
    [namespace, redis] = await Promise.all([createNamespace('cost'), startGuardedRedis()]);
    kwok = await startKwokFor([namespace], { nodes: 1 });
    operator = await startOperatorProcess({ redisUrl: redis.url, redisPassword, namespace });
  });
  afterAll(async () => {
    await operator.stop();
    await Promise.all([kwok.stop(), redis.stop()]);
  });

  const names = (prefix: string, count: number) => Array.from({ length: count }, (_, at) => `${prefix}${at}`);
  const cost = async (since: string): Promise<Cost> => {
    const entries = await readAuditLog(join(dirname(inject('kubeconfig')), 'audit.log'));
    return costOf(entries, `${namespace}/redisworker-operator`, since);
  };
  const applyWorkers = (all: readonly string[]) =>
    applyObjects(...all.map((name) => ({ ...worker(name, withCount(3)), metadata: { name, namespace } })));
  const ready = (all: readonly string[]) =>
    kubectlOk([
      ...['-n', namespace, 'wait', '--for=condition=Ready', '--timeout=120s'],
      ...all.map((name) => `rw/${name}`),
    ]);

  test('until it is Ready: fourteen calls, nine writes and three events at most', async () => {
    const since = new Date().toISOString();
    const all = names('w', 10);
    await applyWorkers(all);
    await ready(all);
    const { calls, writes, events, by } = await cost(since);
    const told = JSON.stringify(by);
    expect(writes / all.length, told).toBeLessThanOrEqual(9);
    expect(events / all.length, told).toBeLessThanOrEqual(3);
    expect(calls / all.length, told).toBeLessThanOrEqual(14);
  });

  test('at rest: nothing, whatever becomes of others', async () => {
    const since = new Date().toISOString();
    const others = names('other', 3);
    await applyWorkers(others);
    await ready(others);
    const { calls, by } = await cost(since);
    expect(calls, JSON.stringify(by)).toBeLessThanOrEqual(14 * others.length);
  });
});
