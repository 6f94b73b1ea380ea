/** Our manifests and the chart in the hands of Argo CD: it applies them, waits for them, heals and prunes them. */
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { configHashKey } from '../../contract/keys.ts';
import { crdName } from '../../operator/api/crd.ts';
import { createNamespace, describeOnCluster, kubectlOk } from '../support/control-plane/shared.ts';
import { type ArgoCd, startArgoCd } from '../support/gitops/argocd.ts';
import { exampleFiles } from '../support/gitops/examples.ts';
import { createRepository, type Repository } from '../support/gitops/repository.ts';
import { inSteps } from '../support/gitops/steps.ts';
import { ask } from '../support/requests.ts';
import { openStage, type Stage } from '../support/stage.ts';
import { describeWith, toolPath } from '../support/tools/shared.ts';
import { eventually } from '../support/wait.ts';

const chart = 'charts/redis-worker-operator';
const examples = exampleFiles();
const demo = 'apps/demo-worker.yaml';

/** A worker as JSON, which is YAML too. */
const workerFile = (name: string, spec: object = {}) =>
  JSON.stringify({
    apiVersion: 'redisworker.dev/v1alpha1',
    kind: 'RedisWorker',
    metadata: { name },
    spec: { source: { inline: 'export default () => 1;\n' }, ...spec },
  });

let stage: Stage;
let repository: Repository;
let argo: ArgoCd;

const spec = (name: string, path: string) => stage.kubectl('get', 'rw', name, '-o', `jsonpath={.spec.${path}}`);
const greeting = async () => (await ask(stage.redis.client, 'demo-worker', { name: 'Ada' })).data;

describeOnCluster('our manifests in the hands of Argo CD', () => {
  describeWith('argocd', 'helm3')('its application controller', () => {
    inSteps();

    beforeAll(async () => {
      stage = await openStage('argocd');
      [repository, argo] = await Promise.all([
        createRepository(examples),
        startArgoCd({ argocd: toolPath('argocd'), helm: toolPath('helm3') }),
      ]);
    });

    afterAll(async () => {
      await argo.stop();
      await repository.remove();
      await stage.stop();
    });

    test('calls an Application healthy when every example is ready, and they answer', async () => {
      const revision = await repository.commit({ 'apps/free.yaml': workerFile('free') });
      await argo.deploy({ name: 'apps', repository: repository.folder, path: 'apps', namespace: stage.namespace });
      const { status } = await argo.settles('apps', revision, 'Healthy');
      const healths = status?.resources?.filter(({ kind }) => kind === 'RedisWorker').map(({ health }) =>
        health?.status
      );
      expect(healths).toEqual(['free', ...Object.keys(examples)].map(() => 'Healthy'));
      expect(await greeting()).toMatchObject({ greeting: 'Hello, Ada!' });
      expect(await ask(stage.redis.client, 'word-count', { text: 'to be or not to be' })).toMatchObject({
        data: { words: 6 },
      });
    });

    test('calls it healthy with a new commit when the pods run it', async () => {
      const revision = await repository.commit({ [demo]: examples[demo]!.replace('`Hello, ', '`Good day, ') });
      await argo.settles('apps', revision, 'Healthy');
      expect(await greeting()).toMatchObject({ greeting: 'Good day, Ada!' });
    });

    test('calls it suspended while a worker is, and degraded while one cannot run', async () => {
      const suspended = await repository.commit({ 'apps/free.yaml': workerFile('free', { suspend: true }) });
      await argo.settles('apps', suspended, 'Suspended');
      const rival = { type: 'demo-worker' };
      const refused = await repository.commit({
        'apps/free.yaml': workerFile('free'),
        'apps/rival.yaml': workerFile('rival', rival),
      });
      await argo.settles('apps', refused, 'Degraded');
      const pruned = await repository.commit({ 'apps/rival.yaml': undefined });
      await argo.settles('apps', pruned, 'Healthy');
      expect(await stage.kubectl('get', 'rw', '-o', 'name')).not.toContain('rival');
    });

    test('heals what was changed and what was deleted by hand', async () => {
      await stage.kubectl('scale', 'rw/demo-worker', '--replicas=5');
      await eventually('it is as in Git', async () => (await spec('demo-worker', 'consumers.count')) === '2', 60_000);
      await stage.kubectl('delete', 'rw', 'word-count', '--timeout=60s');
      await eventually('it is back', () => stage.kubectl('get', 'rw', 'word-count', '-o', 'name'), 60_000);
      await stage.kubectl('wait', '--for=condition=Ready', 'rw', '--all', '--timeout=60s');
    });

    test('leaves to others what Git does not name', async () => {
      await stage.kubectl('scale', 'rw/free', '--replicas=2');
      await stage.kubectl('wait', '--for=jsonpath={.status.consumersReady}=2/2', 'rw/free', '--timeout=60s');
      const revision = await repository.commit({ 'apps/other.yaml': workerFile('other') });
      await argo.settles('apps', revision, 'Healthy');
      expect(await spec('free', 'consumers.count')).toBe('2');
    });

    test('takes the chart as its source, and keeps the CustomResourceDefinition when it goes', async () => {
      const namespace = await createNamespace('argocd-operator');
      cpSync(join(import.meta.dirname, '../..', chart), join(repository.folder, chart), { recursive: true });
      const revision = await repository.commit({ 'README.md': 'with the chart\n' });
      await argo.deploy({
        name: 'operator',
        repository: repository.folder,
        path: chart,
        namespace,
        helm: { releaseName: 'rw', valuesObject: { redis: { url: 'redis://redis.redis.svc:6379' }, replicaCount: 2 } },
      });
      // Its image is on no registry here, so that its pods do not start.
      const { status } = await argo.settles('operator', revision, 'Progressing');
      const resources = status?.resources ?? [];
      expect(resources.map(({ kind }) => kind)).toEqual(
        expect.arrayContaining(['CustomResourceDefinition', 'Deployment', 'PodDisruptionBudget', 'ServiceAccount']),
      );
      expect(resources.filter((one) => one.status !== 'Synced')).toEqual([]);
      await argo.remove('operator');
      expect(await kubectlOk(['-n', namespace, 'get', 'deployments', '-o', 'name'])).toBe('');
      expect(await stage.kubectl('get', 'rw', '-o', 'name')).toContain('demo-worker');
      await kubectlOk(['get', 'crd', crdName]);
    });

    test('takes away with an Application all that its workers have', async () => {
      await argo.remove('apps');
      expect(await stage.kubectl('get', 'rw', '-o', 'name')).toBe('');
      expect(await stage.redis.client.exists(configHashKey('demo-worker', '1'))).toBe(0);
    });
  });
});
