import { expect, test } from 'vitest';
import type { KubeObject } from '../operator/cluster/cluster.ts';
import { type Column, renderTable } from './table.ts';

const now = Date.parse('2026-01-02T00:00:00Z');
const columns: readonly Column[] = [
  { name: 'Ready', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
  { name: 'Backlog', type: 'integer', jsonPath: '.status.stream.backlog', priority: 0 },
  { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
  { name: 'Scope', type: 'string', jsonPath: '.status.network.scope', priority: 1 },
];

function worker(name: string, status: object = {}, namespace = 'default'): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'RedisWorker',
    metadata: { name, namespace, creationTimestamp: '2026-01-01T23:56:40Z' },
    status,
  };
}

test('columns are as wide as their longest cell, with three spaces between them', () => {
  const status = { conditions: [{ type: 'Ready', status: 'True' }], stream: { backlog: 0 } };
  expect(renderTable([worker('demo-worker', status), worker('w')], columns, { wide: false, now })).toEqual([
    'NAME          READY   BACKLOG   AGE',
    'demo-worker   True    0         3m20s',
    'w                               3m20s',
  ]);
});

test('the wide table has the columns of priority 1, lists as JSON', () => {
  expect(renderTable([worker('w', { network: { scope: ['a:443', 'b:80'] } })], columns, { wide: true, now })).toEqual([
    'NAME   READY   BACKLOG   AGE     SCOPE',
    'w                        3m20s   ["a:443","b:80"]',
  ]);
});

test('the namespace is told once there are two', () => {
  expect(renderTable([worker('a'), worker('a', {}, 'other')], [], { wide: false, now })).toEqual([
    'NAMESPACE   NAME',
    'default     a',
    'other       a',
  ]);
});

test('a time that is none is told as invalid', () => {
  const broken = worker('w');
  broken.metadata.creationTimestamp = 'yesterday';
  expect(renderTable([broken], columns, { wide: false, now })[1]).toBe('w                        <invalid>');
});
