/** Our manifests in the hands of Flux: its kustomize-controller applies them, waits for them, heals and prunes them. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { configHashKey } from '../../contract/keys.ts';
import { crdName } from '../../operator/api/crd.ts';
import { describeOnCluster, kubectlOk } from '../support/control-plane/shared.ts';
import { crdFile, exampleFiles } from '../support/gitops/examples.ts';
import { type Flux, startFlux } from '../support/gitops/flux.ts';
import { createRepository, type Repository } from '../support/gitops/repository.ts';
import { inSteps } from '../support/gitops/steps.ts';
import { ask } from '../support/requests.ts';
import { openStage, type Stage } from '../support/stage.ts';
import { describeWith, toolPath } from '../support/tools/shared.ts';
import { eventually } from '../support/wait.ts';

let stage: Stage;
let repository: Repository;
let flux: Flux;

/** What a pruned CRD would take with it is every worker there is. Its other marks stay: Flux takes away what Git does not say. */
const kustomization = (...resources: readonly string[]) =>
  JSON.stringify({
    resources: ['crd.yaml', ...resources],
    patches: [{
      target: { kind: 'CustomResourceDefinition' },
      patch: JSON.stringify([{
        op: 'add',
        path: '/metadata/annotations/kustomize.toolkit.fluxcd.io~1prune',
        value: 'disabled',
      }]),
    }],
  });

const examples = exampleFiles();
const manifests = Object.keys(examples);
const rival = JSON.stringify({
  apiVersion: 'redisworker.dev/v1alpha1',
  kind: 'RedisWorker',
  metadata: { name: 'rival' },
  spec: { type: 'demo-worker', source: { inline: 'export default () => 1;\n' } },
});

async function conditionIs(status: string, reason: string, revision: string): Promise<string> {
  const found = await eventually(`Flux says ${reason} of ${revision}`, async () => {
    const { status: now } = await flux.kustomization();
    const ready = now?.conditions?.find(({ type }) => type === 'Ready');
    return now?.lastAttemptedRevision === revision && ready?.status === status && ready.reason === reason && ready;
  }, 120_000);
  return found.message;
}

const workers = async () => (await stage.kubectl('get', 'rw', '-o', 'name')).trim().split('\n').sort();
const greeting = async () => (await ask(stage.redis.client, 'demo-worker', { name: 'Ada' })).data;

describeOnCluster('our manifests in the hands of Flux', () => {
  describeWith('kustomize-controller')('its kustomize-controller', () => {
    inSteps();

    beforeAll(async () => {
      stage = await openStage('flux');
      const files = { 'crd.yaml': crdFile(), 'kustomization.yaml': kustomization(...manifests), ...examples };
      [repository, flux] = await Promise.all([
        createRepository(files),
        startFlux(toolPath('kustomize-controller'), stage.namespace),
      ]);
    });

    afterAll(async () => {
      await flux.stop();
      await repository.remove();
      await stage.stop();
    });

    test('is Ready when every example is, and they answer', async () => {
      await flux.deploy(repository);
      await conditionIs('True', 'ReconciliationSucceeded', await flux.publish(repository));
      expect(await greeting()).toMatchObject({ greeting: 'Hello, Ada!' });
      expect(await ask(stage.redis.client, 'word-count', { text: 'to be or not to be' })).toMatchObject({
        data: { words: 6 },
      });
    });

    test('is Ready with a new commit when the pods run it', async () => {
      const path = 'apps/demo-worker.yaml';
      await repository.commit({ [path]: examples[path]!.replace('`Hello, ', '`Good day, ') });
      await conditionIs('True', 'ReconciliationSucceeded', await flux.publish(repository));
      expect(await greeting()).toMatchObject({ greeting: 'Good day, Ada!' });
    });

    test('changes nothing when it looks again, whoever scales a worker meanwhile', async () => {
      await repository.commit({
        'kustomization.yaml': kustomization(...manifests, 'free.yaml'),
        'free.yaml': rival.replaceAll('rival', 'free').replace('"type":"demo-worker",', ''),
      });
      await conditionIs('True', 'ReconciliationSucceeded', await flux.publish(repository));
      await stage.kubectl('scale', 'rw/free', '--replicas=2');
      const generations = () => stage.kubectl('get', 'rw', '-o', 'jsonpath={.items[*].metadata.generation}');
      const before = await generations();
      for (let times = 0; times < 3; times++) await flux.reconcile();
      expect(await generations()).toBe(before);
      expect(await stage.kubectl('get', 'rw', 'free', '-o', 'jsonpath={.spec.consumers.count}')).toBe('2');
    });

    test('heals what was changed and what was deleted by hand', async () => {
      await stage.kubectl('patch', 'rw', 'demo-worker', '--type=merge', '-p', '{"spec":{"suspend":true}}');
      await stage.kubectl('delete', 'rw', 'word-count', '--timeout=60s');
      await flux.reconcile();
      expect(await stage.kubectl('get', 'rw', 'demo-worker', '-o', 'jsonpath={.spec.suspend}')).toBe('false');
      await stage.kubectl('wait', '--for=condition=Ready', 'rw', '--all', '--timeout=60s');
      expect(await workers()).toContain('redisworker.redisworker.dev/word-count');
    });

    test('tells at once of a worker that cannot run, and prunes it when it is gone from Git', async () => {
      await repository.commit({ 'kustomization.yaml': kustomization(...manifests, 'rival.yaml'), 'rival.yaml': rival });
      const message = await conditionIs('False', 'HealthCheckFailed', await flux.publish(repository));
      expect(message).toContain('rival');
      await repository.commit({ 'kustomization.yaml': kustomization(...manifests), 'rival.yaml': undefined });
      await conditionIs('True', 'ReconciliationSucceeded', await flux.publish(repository));
      expect((await workers()).join()).not.toContain('rival');
    });

    test('prunes a worker with all it has in Redis', async () => {
      const rest = manifests.filter((path) => path !== 'apps/config-map.yaml');
      await repository.commit({ 'kustomization.yaml': kustomization(...rest) });
      await conditionIs('True', 'ReconciliationSucceeded', await flux.publish(repository));
      await stage.kubectl('wait', '--for=delete', 'rw/word-count', '--timeout=60s');
      expect(await stage.redis.client.exists(configHashKey('word-count', 'north'))).toBe(0);
      expect(await greeting()).toMatchObject({ greeting: 'Good day, Ada!' });
    });

    test('leaves nothing but the CustomResourceDefinition when its Kustomization is deleted', async () => {
      await stage.kubectl('delete', 'kustomization', 'apps', '--timeout=120s');
      await eventually('every worker has cleaned up', async () => (await workers()).join('') === '', 120_000);
      expect((await stage.redis.client.keys('*:h')).filter((key) => !key.startsWith('req:'))).toEqual([]);
      await kubectlOk(['get', 'crd', crdName]);
    });
  });
});
