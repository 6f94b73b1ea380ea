import { afterAll, beforeAll, expect, it } from 'vitest';
import { resources } from '../../operator/cluster/cluster.ts';
import { connectKubernetes, type KubernetesCluster } from '../../operator/cluster/kubernetes/index.ts';
import { type ControlPlane, startControlPlane } from '../support/control-plane/control-plane.ts';
import { describeOnCluster } from '../support/control-plane/shared.ts';
import { quietLog } from '../support/quiet-log.ts';
import { eventually } from '../support/wait.ts';

describeOnCluster('while the API server is away', () => {
  let controlPlane: ControlPlane;
  let cluster: KubernetesCluster;
  const problems: string[] = [];

  beforeAll(async () => {
    controlPlane = await startControlPlane({ parts: 'ApiServer' });
    cluster = await connectKubernetes({
      kubeconfig: controlPlane.kubeconfigPath,
      log: quietLog(),
      watchTiming: { backOff: { initialMs: 50, maxMs: 500 } },
      hooks: { watchProblem: (_, problem) => problems.push(problem?.reason ?? 'over') },
    });
  });
  afterAll(async () => {
    await cluster.close();
    await controlPlane.stop();
  });

  const configMap = (name: string) => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace: 'kube-system' },
  });

  it('keeps what it knows, says what is wrong, and catches up when the API server is back', async () => {
    await cluster.apply(configMap('before'), 'redisworker');
    const copy = cluster.follow(resources.configMaps, { namespace: 'kube-system' });
    const seen: string[] = [];
    await copy.synced;
    copy.onChange((type, { metadata }) => seen.push(`${type} ${metadata.name}`));

    await controlPlane.stopApiServer('SIGKILL');
    await eventually('the problem is told', () => problems.includes('Unreachable'));
    expect(copy.get({ namespace: 'kube-system', name: 'before' })).toBeDefined();
    await expect(cluster.get(resources.configMaps, { namespace: 'kube-system', name: 'before' })).rejects.toThrow(
      /no answer from the API server at https:.*ECONNREFUSED/,
    );

    await controlPlane.startApiServer();
    await eventually('it may write again', () => cluster.apply(configMap('after'), 'redisworker'));
    await eventually('the copy has caught up', () => copy.get({ namespace: 'kube-system', name: 'after' }), 60_000);
    await eventually('all is well again', () => problems.at(-1) === 'over'); // a watch may expire once more
    expect(seen.filter((line) => line.endsWith(' before'))).toEqual([]);
    expect(seen).toContain('added after');
  });
});
