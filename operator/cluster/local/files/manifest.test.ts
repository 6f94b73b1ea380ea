import { expect, test } from 'vitest';
import { readManifest } from './manifest.ts';

test('reads every document, skips empty ones and fills in the namespace', () => {
  const manifest = readManifest(
    '# hello\n---\napiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {k: v}\n---\n---\napiVersion: v1\nkind: Service\nmetadata: {name: r, namespace: n}\n',
    'f.yaml',
  );
  expect(manifest).toEqual({
    ok: true,
    objects: [
      { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's', namespace: 'default' }, stringData: { k: 'v' } },
      { apiVersion: 'v1', kind: 'Service', metadata: { name: 'r', namespace: 'n' } },
    ],
  });
});

test.each([
  ['a: [1', 'f.yaml:1: this is not YAML: '],
  ['kind: Secret\nmetadata: {name: s}', 'f.yaml:1: apiVersion is missing'],
  [
    'apiVersion: v1\nkind: Secret\nmetadata: {name: s}\n---\napiVersion: v1\nkind: Secret\nmetadata: {}',
    'f.yaml:5: metadata.name is missing',
  ],
  [
    'apiVersion: v1\nkind: Pod\nmetadata: {name: p}',
    'f.yaml:1: a Pod is not run on a laptop; take it out, only RedisWorker, ConfigMap, Secret, Service are',
  ],
  ['apiVersion: v2\nkind: Secret\nmetadata: {name: p}', 'f.yaml:1: apiVersion of a Secret must be v1, not v2'],
  ['just text', 'f.yaml:1: '],
])('says where and what is wrong: %j', (text, problem) => {
  const manifest = readManifest(text, 'f.yaml');
  expect(manifest).toMatchObject({ ok: false, problems: [expect.stringContaining(problem)] });
});
