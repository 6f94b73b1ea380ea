import { globSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { expect, test } from 'vitest';
import { manifestProblems } from '../../../api/redisworker.ts';
import { readManifest } from './manifest.ts';

const configMap = (name: string, rest: string) => `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\n${rest}`;
/** All sentences about a text, the objects' own included. */
function problemsOf(text: string): readonly string[] {
  const { objects, problems } = readManifest(text, 'f.yaml');
  return [...problems, ...objects.flatMap((found) => found.problems)];
}

test('reads every document, skips empty ones and fills in the namespace', () => {
  const manifest = readManifest(
    '# hello\n---\napiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {k: v}\n---\n---\napiVersion: v1\nkind: Service\nmetadata: {name: r, namespace: ns}\n',
    'f.yaml',
  );
  expect(manifest.objects).toEqual([
    {
      object: {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name: 's', namespace: 'default' },
        stringData: { k: 'v' },
      },
      where: 'f.yaml:3',
      problems: [],
    },
    {
      object: { apiVersion: 'v1', kind: 'Service', metadata: { name: 'r', namespace: 'ns' } },
      where: 'f.yaml:9',
      problems: [],
    },
  ]);
});

test('a List is its items, without what a server wrote into them', () => {
  const list = `apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: ConfigMap
  metadata: {name: a, uid: u, resourceVersion: '1', generation: 2, creationTimestamp: '2026-01-01T00:00:00Z'}
- apiVersion: redisworker.dev/v1alpha1
  kind: RedisWorker
  metadata: {name: b}
  spec: {}
  status: {replicas: 1}
- 5
`;
  const { objects, problems } = readManifest(list, 'f.yaml');
  expect(objects.map(({ object, where }) => [where, object.metadata, object.status])).toEqual([
    ['f.yaml:4', { name: 'a', namespace: 'default' }, undefined],
    ['f.yaml:7', { name: 'b', namespace: 'default' }, undefined],
  ]);
  expect(problems).toEqual(['f.yaml:12: the document must be a map, not a number']);
});

test('a kind that a laptop has no use for is left out with a sentence, and the rest is taken', () => {
  const { objects, problems, notes } = readManifest(
    `apiVersion: v1\nkind: Namespace\nmetadata: {name: n}\n---\n${configMap('c', '')}`,
    'f.yaml',
  );
  expect(objects).toHaveLength(1);
  expect(problems).toEqual([]);
  expect(notes).toEqual([
    'f.yaml:1: a Namespace is left out: a laptop runs RedisWorker, ConfigMap, Secret, Service and has no use for it',
  ]);
});

test('a broken document does not keep the others from being read', () => {
  const { objects, problems } = readManifest(`${configMap('a', 'data: [')}\n---\n${configMap('b', '')}`, 'f.yaml');
  expect(objects.map(({ object }) => object.metadata.name)).toEqual(['b']);
  expect(problems).toEqual([expect.stringContaining('f.yaml:4: this is not YAML: ')]);
});

test.each([
  ['kind: Secret\nmetadata: {name: s}', 'f.yaml:1: apiVersion is missing'],
  [
    `${configMap('a', '')}\n---\napiVersion: v1\nkind: Secret\nmetadata: {}`,
    'f.yaml:6: Secret: metadata.name is missing',
  ],
  ['apiVersion: v1\nkind: Secret\nmetadata: {name: 5}', 'metadata.name must be text, not a number: put it in quotes'],
  ['apiVersion: v2\nkind: Secret\nmetadata: {name: p}', 'f.yaml:1: apiVersion of a Secret must be v1, not v2'],
  ['just text', 'f.yaml:1: the document must be a map, not text'],
  [
    configMap('c', 'data: {worker.ts: 42}'),
    'f.yaml:1: ConfigMap default/c: data.worker.ts must be text, not a number: put it in quotes',
  ],
  [configMap('c', 'dta: {}'), 'ConfigMap default/c: strict decoding error: unknown field "dta"'],
  [configMap('c', 'data: {a/b: x}'), 'data.a/b: must be letters, digits, "-", "_" and "."'],
  [
    'apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {k: {a: b}}',
    'Secret default/s: stringData.k must be text, not a map',
  ],
  ['apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata: {k: plain}', 'data.k must be base64'],
  [
    'apiVersion: v1\nkind: Service\nmetadata: {name: s, labels: {version: 1.10}}',
    'Service default/s: metadata.labels.version must be text, not a number: put it in quotes',
  ],
  ['apiVersion: v1\nkind: Service\nmetadata: {name: s, labels: {a: b c}}', 'metadata.labels.a must be the value of a'],
  ['apiVersion: v1\nkind: Service\nmetadata: {name: s, lables: {}}', 'unknown field "metadata.lables"'],
  ['apiVersion: v1\nkind: Service\nmetadata: {name: My_Service}', 'metadata.name must be lower-case letters'],
])('says where and what is wrong: %j', (text, problem) => {
  expect(problemsOf(text)).toEqual([expect.stringContaining(problem)]);
});

test('a value that is wrong is never told: it may be a secret', () => {
  const text = 'apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {k: 8812345}\ndata: {p: hush!}';
  expect(problemsOf(text)).toHaveLength(2);
  expect(problemsOf(text).join()).not.toMatch(/8812345|hush/);
});

/** Messages of examples/invalid in the API server's own words: here they are told in ours. */
const serversOwn = / in body |: (Required value|Unsupported value|Duplicate value|Too long)/;

test.each(globSync('examples/invalid/*.yaml').map((file) => [basename(file), file]))(
  'a file is refused here in the words of a cluster: %s',
  (_, file) => {
    const text = readFileSync(file, 'utf8');
    const workers = readManifest(text, file).objects.filter(({ object }) => object.kind === 'RedisWorker');
    const problems = workers.flatMap(({ object, problems: own }) => own.length > 0 ? own : manifestProblems(object));
    const message = text.split('\n')[0]?.slice('# '.length) ?? '';
    expect(problems).toEqual([serversOwn.test(message) ? expect.any(String) : expect.stringContaining(message)]);
  },
);
