import { expect, test } from 'vitest';
import { hasDrifted } from './drift.ts';

const policy = (spec: object) => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name: 'p' },
  spec,
});

test('an empty list that the API server dropped is no drift, or its object would be written for ever', () => {
  expect(hasDrifted(policy({ ingress: [], egress: [{}] }), policy({ egress: [{}] }))).toBe(false);
});

test('a list that should be empty and is not has drifted', () => {
  expect(hasDrifted(policy({ ingress: [] }), policy({ ingress: [{}] }))).toBe(true);
});

test('a list that should have items and is gone has drifted', () => {
  expect(hasDrifted(policy({ egress: [{}] }), policy({}))).toBe(true);
});

test('an empty text that the API server dropped is no drift, and one that should be empty and is not has drifted', () => {
  const variable = (value: object) => policy({ env: [{ name: 'HTTP_PROXY', ...value }] });
  expect(hasDrifted(variable({ value: '' }), variable({}))).toBe(false);
  expect(hasDrifted(variable({ value: '' }), variable({ value: 'http://proxy' }))).toBe(true);
});
