import { describe, expect, test } from 'vitest';
import { ClusterError, type KubeObject } from '../operator/cluster/cluster.ts';
import type { BuiltFile } from './build-documents.ts';
import { objectsOf, whyNotApplied } from './deploy-objects.ts';

const worker: KubeObject = {
  apiVersion: 'redisworker.dev/v1alpha1',
  kind: 'RedisWorker',
  metadata: { name: 'greet', namespace: 'shop' },
};
const built = (text: string, problems: readonly string[] = []): BuiltFile => ({
  name: 'greet.yaml',
  shown: 'greet.yaml',
  source: '',
  text,
  problems,
});
const document = (kind: string, name: string, more = '') =>
  `apiVersion: ${
    kind === 'RedisWorker' ? 'redisworker.dev/v1alpha1' : 'v1'
  }\nkind: ${kind}\nmetadata: {name: ${name}${more}}\n`;

describe('what is deployed', () => {
  test('comes in an order in which everything is there before it is named, and in one namespace unless it names another', () => {
    const one = built([document('RedisWorker', 'a'), document('Service', 'b'), document('Secret', 'c')].join('---\n'));
    const other = built(document('ConfigMap', 'd', ', namespace: other'));
    const { objects, problems } = objectsOf([one, other], 'shop');
    expect(problems).toEqual([]);
    expect(objects.map(({ kind, metadata }) => `${kind} ${metadata.namespace}/${metadata.name}`)).toEqual([
      'ConfigMap other/d',
      'Secret shop/c',
      'Service shop/b',
      'RedisWorker shop/a',
    ]);
  });

  test('is no kind that is not of a worker, and nothing that was not built', () => {
    const { problems } = objectsOf([built(document('Pod', 'p')), built('', ['x.yaml:1: no'])], 'shop');
    expect(problems).toEqual([
      'x.yaml:1: no',
      'greet.yaml: a Pod is none of what is deployed (ConfigMap, Secret, Service, RedisWorker): use kubectl',
    ]);
  });
});

const path = '(PATCH /apis/redisworker.dev/v1alpha1/namespaces/shop/redisworkers/greet)';

describe('why the cluster did not take it is one sentence', () => {
  test.each([
    [
      'about fields of others',
      new ClusterError(
        409,
        'Conflict',
        `Apply failed with 2 conflicts: conflicts with "kubectl" using redisworker.dev/v1alpha1:\n- .spec.consumers.count\n- .spec.type ${path}`,
      ),
      'RedisWorker shop/greet: others have written what is to be changed (conflicts with "kubectl" using redisworker.dev/v1alpha1: .spec.consumers.count .spec.type): leave these fields out of the manifest, or take them over with --force-conflicts',
    ],
    [
      'about a right that is missing',
      new ClusterError(
        403,
        'Forbidden',
        `redisworkers is forbidden: User "ada" cannot patch resource "redisworkers" ${path}: grant the operator's service account this verb`,
      ),
      'RedisWorker shop/greet: you may not write a RedisWorker in the namespace shop: ask for that right, or name another one with --namespace',
    ],
    [
      'about somebody who is not known',
      new ClusterError(401, 'Unauthorized', `Unauthorized ${path}`),
      'RedisWorker shop/greet: the cluster does not know who asks: log in again, as for kubectl',
    ],
    [
      'in the words of the API server',
      new ClusterError(422, 'Invalid', `spec.type: it cannot be changed ${path}`),
      'RedisWorker shop/greet: spec.type: it cannot be changed',
    ],
  ])('%s', (_what, error, sentence) => {
    expect(whyNotApplied(worker, error)).toBe(sentence);
  });
});
