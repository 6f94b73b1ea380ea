import { expect, test } from 'vitest';
import { compacted } from './compact.ts';

const deployment = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'w-1' },
  spec: { replicas: 1, template: { metadata: { labels: { a: 'b' } } } },
};

test('a compacted object reads like the object itself, also when it is copied or compared', () => {
  const compact = compacted(deployment, ['spec', 'status']);
  expect(compact).toEqual(deployment);
  expect(JSON.parse(JSON.stringify({ ...compact }))).toEqual(deployment);
  expect(compact).not.toHaveProperty('status');
  expect(Object.keys(compact)).toEqual(Object.keys(deployment));
});

test('what is read twice is parsed once', () => {
  const compact = compacted(deployment, ['spec']);
  expect(compact.spec).toBe(compact.spec);
});
