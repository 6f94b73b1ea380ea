/** Nodes that are none, which tests at scale stand on: a worker on them becomes Ready as on any other. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Kwok } from '../support/control-plane/kwok.ts';
import { applyObjects, createNamespace, installCrds, kubectl, kubectlOk } from '../support/control-plane/shared.ts';
import { describeOnKwok, startKwokFor } from '../support/control-plane/shared-kwok.ts';
import { withCount, worker } from '../support/gen.ts';
import { type OperatorProcess, startOperatorProcess } from '../support/operator.ts';
import { guardPassword as redisPassword, startGuardedRedis, type TestRedis } from '../support/redis.ts';
import { eventually } from '../support/wait.ts';

describeOnKwok('on nodes of kwok', () => {
  let namespace: string;
  let redis: TestRedis;
  let operator: OperatorProcess;
  let kwok: Kwok;

  beforeAll(async () => {
    await installCrds();
    [namespace, redis] = await Promise.all([createNamespace('kwok'), startGuardedRedis()]);
    kwok = await startKwokFor([namespace], { nodes: 1 });
    operator = await startOperatorProcess({ redisUrl: redis.url, redisPassword, namespace });
  });

  afterAll(async () => {
    await operator.stop();
    await Promise.all([kwok.stop(), redis.stop()]);
  });

  const pods = async () => {
    const list = await kubectlOk(['-n', namespace, 'get', 'pods', '-o', 'json']);
    return (JSON.parse(list) as { items: { spec: { nodeName?: string } }[] }).items;
  };

  test('a worker becomes Ready, and one that is deleted leaves no pod', async () => {
    const { metadata, ...rest } = worker('simulated', withCount(2));
    await applyObjects({ ...rest, metadata: { ...metadata, namespace } });
    const { code, stderr } = await kubectl([
      ...['-n', namespace, 'wait', '--for=condition=Ready', 'rw/simulated', '--timeout=90s'],
    ]);
    expect(code, `${stderr}${await kubectlOk(['-n', namespace, 'describe', 'rw,pods'])}${operator.output()}`).toBe(0);
    expect((await pods()).map(({ spec }) => spec.nodeName)).toEqual([
      expect.stringMatching(/^kwok-/),
      expect.stringMatching(/^kwok-/),
    ]);
    await kubectlOk(['-n', namespace, 'delete', 'rw/simulated', '--timeout=60s']);
    await eventually('no pod is left', async () => (await pods()).length === 0, 60_000);
  });
});
