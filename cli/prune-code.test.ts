import { expect, test } from 'vitest';
import type { KubeObject } from '../operator/cluster/cluster.ts';
import { unnamedCode } from './prune-code.ts';

const worker = (name: string, configMaps: readonly string[], keep?: number): KubeObject => ({
  apiVersion: 'redisworker.dev/v1alpha1',
  kind: 'RedisWorker',
  metadata: { name, namespace: 'shop' },
  spec: { source: { bundle: { digest: '', configMaps }, ...(keep === undefined ? {} : { keep }) } },
});
const code = (of: string, version: string, day: number, part = ''): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: {
    name: `${of}-code-${version.repeat(12)}${part}`,
    labels: { 'redisworker.dev/code-of': of },
    creationTimestamp: `2026-01-0${day}T00:00:00Z`,
  },
});
const all = [
  code('greet', 'a', 1),
  code('greet', 'b', 2, '-1'),
  code('greet', 'b', 2, '-2'),
  code('greet', 'c', 3),
  code('greet', 'd', 4),
  code('other', 'e', 1),
];
const names = (deployed: KubeObject, workers: readonly KubeObject[]) =>
  unnamedCode([deployed], { code: all, workers }).map(({ metadata }) => metadata.name.replace(/([a-e])\1{11}/, '$1'));

test('of code that a deploy has left, what no worker names goes, but for the versions that were made last', () => {
  const greet = worker('greet', [`greet-code-${'d'.repeat(12)}`]);
  expect(names(greet, [greet])).toEqual(['greet-code-a']);
  expect(names(worker('greet', [], 1), [greet])).toEqual(['greet-code-b-1', 'greet-code-b-2', 'greet-code-a']);
  expect(names(worker('greet', [], 0), [greet])).toHaveLength(4);
});

test('of a worker with modules that many versions stay of each, and what a module names', () => {
  const module = (name: string, configMaps: readonly string[]) => ({
    name,
    source: { bundle: { digest: '', configMaps } },
  });
  const modules = [module('one', [`greet-code-${'d'.repeat(12)}`]), module('two', [`greet-code-${'a'.repeat(12)}`])];
  const greet: KubeObject = { ...worker('greet', []), spec: { runtime: 'Modules', modules } };
  expect(names(greet, [greet])).toEqual([]);
  expect(names(worker('greet', [], 0), [greet])).toEqual(['greet-code-c', 'greet-code-b-1', 'greet-code-b-2']);
});

test('what another worker names stays', () => {
  const greet = worker('greet', [`greet-code-${'d'.repeat(12)}`], 0);
  const twin = worker('twin', [`greet-code-${'a'.repeat(12)}`]);
  expect(names(greet, [greet, twin])).not.toContain('greet-code-a');
});
