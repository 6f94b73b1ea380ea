/** What a worker costs the API server, from the apply until it is Ready and at rest, as the audit log tells it. */
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { readAuditLog } from '../support/control-plane/audit-log.ts';
import { type Cost, costOf } from '../support/control-plane/operator-cost.ts';
import { describeOnKwok, startKwokFor } from '../support/control-plane/shared-kwok.ts';
import { withCount, worker } from '../support/gen.ts';
import { openStage, type Stage } from '../support/stage.ts';

describeOnKwok('what a worker of three consumers costs', () => {
  let stage: Stage;

  beforeAll(async () => {
    stage = await openStage('cost', { startPods: (namespace) => startKwokFor([namespace], { nodes: 1 }) });
  });
  afterAll(() => stage.stop());

  const names = (prefix: string, count: number) => Array.from({ length: count }, (_, at) => `${prefix}${at}`);
  const cost = async (since: string): Promise<Cost> => {
    const entries = await readAuditLog(join(dirname(inject('kubeconfig')), 'audit.log'));
    return costOf(entries, `${stage.namespace}/redisworker-operator`, since);
  };
  const applyWorkers = (all: readonly string[]) => stage.apply(...all.map((name) => worker(name, withCount(3))));
  const ready = (all: readonly string[]) =>
    stage.kubectl('wait', '--for=condition=Ready', '--timeout=120s', ...all.map((name) => `rw/${name}`));

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
