import type { Deployment } from 'kubernetes-types/apps/v1.d.ts';
import { expect, test } from 'vitest';
import type { Built } from './metadata.ts';

test('a manifest with a typo does not compile', () => {
  const selector = { matchLabels: {} };
  const template = { metadata: {}, spec: { containers: [{ name: 'worker' }] } };
  const metadata = { name: 'd' };
  const head = { apiVersion: 'apps/v1', kind: 'Deployment', metadata } as const;
  const right: Built<Deployment> = { ...head, spec: { replicas: 1, selector, template } };
  // @ts-expect-error -- replicas
  const misspelled: Built<Deployment> = { ...head, spec: { replica: 1, selector, template } };
  // @ts-expect-error -- a number
  const mistyped: Built<Deployment> = { ...head, spec: { replicas: '1', selector, template } };
  expect([right, misspelled, mistyped]).toHaveLength(3);
});
