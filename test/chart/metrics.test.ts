/** What the operator serves reads like metrics to Prometheus' own linter. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createMetrics } from '../../operator/observability/metrics.ts';
import { tryRun } from '../support/command.ts';
import { figures } from '../support/worker-figures.ts';
import { describeWith, toolPath } from '../support/tools/shared.ts';

describeWith('promtool')('the metrics', () => {
  test('have the names, units and help that Prometheus wants', async () => {
    const metrics = createMetrics();
    const queue = metrics.queue('redisworker');
    queue.added();
    queue.longestRunning(() => 1);
    metrics.controller('redisworker').reconciled('success', 0.1);
    metrics.redis.error('RedisUnreachable');
    metrics.workers(() => [figures('one'), figures('two')]);
    metrics.watchRestarted('Pod', 'Expired');
    metrics.requestDone({ method: 'GET', status: 200 });
    metrics.leading('redisworker', true);
    const folder = await mkdtemp(join(tmpdir(), 'redisworker-metrics-'));
    try {
      await writeFile(join(folder, 'metrics'), await metrics.render());
      const check = `"$1" check metrics < ${join(folder, 'metrics')}`;
      const { code, stdout, stderr } = await tryRun('sh', ['-c', check, 'check', toolPath('promtool')]);
      expect(stdout + stderr).toBe('');
      expect(code).toBe(0);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
