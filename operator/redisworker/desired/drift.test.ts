import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { KubeObject } from '../../cluster/cluster.ts';
import { canonicalJson, hasDrifted, hasDriftedSince, shared } from './drift.ts';

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

const resources = (limits: object) => policy({ containers: [{ resources: { limits, requests: limits } }] });

test('an amount that the API server wrote in another way is no drift, or the worker would never be Ready', () => {
  const asked = { memory: '1024Mi', cpu: '1000m', 'ephemeral-storage': '1000', 'hugepages-2Mi': '0.5Gi' };
  const stored = { memory: '1Gi', cpu: '1', 'ephemeral-storage': '1k', 'hugepages-2Mi': '512Mi' };
  expect(hasDrifted(resources(asked), resources(stored))).toBe(false);
});

test('another amount has drifted, and so has a text that only looks like the same amount', () => {
  expect(hasDrifted(resources({ cpu: '1' }), resources({ cpu: '2' }))).toBe(true);
  expect(hasDrifted(policy({ args: { limits: '1000m' } }), policy({ args: { limits: '1' } }))).toBe(true);
});

test('canonical JSON is what sorting every object before JSON gives', () => {
  const sorted = (value: unknown): string =>
    JSON.stringify(
      value,
      (_, inner: unknown) =>
        typeof inner === 'object' && inner !== null && !Array.isArray(inner)
          ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
          : inner,
    );
  const key = fc.oneof(fc.string(), fc.constantFrom('10', '9', '01', '4294967295', '__x'));
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { depthSize: 'small' },
      fc.constantFrom(null, undefined, true, 0, -1.5, 'text', 'ü"\n'),
      fc.string(),
      fc.array(tie('tree'), { maxLength: 4 }),
      fc.dictionary(key, tie('tree'), { maxKeys: 5 }),
    ),
  }));
  fc.assert(fc.property(fc.dictionary(key, tree), (value) => {
    expect(canonicalJson(value)).toBe(sorted(value));
  }));
});

test('an object that was found as it is to be is not compared again, and one that is to be another is', () => {
  const stampedAs = (applied: string, replicas: number) => ({
    ...policy({ replicas }),
    metadata: { name: 'p', annotations: { 'redisworker.dev/applied': applied } },
  });
  const actual = stampedAs('one', 1);
  const compared: string[] = [];
  const compare = (desired: KubeObject, found: KubeObject) => {
    compared.push(desired.metadata.annotations?.['redisworker.dev/applied'] ?? '');
    return hasDrifted(desired, found);
  };
  const differs = (desired: KubeObject, found: KubeObject = actual) => hasDriftedSince(compare, desired, found);
  expect([differs(stampedAs('one', 1)), differs(stampedAs('one', 1))]).toEqual([false, false]);
  expect(compared).toEqual(['one']);
  expect([differs(stampedAs('one', 0)), differs(stampedAs('two', 1)), differs(stampedAs('one', 1))]).toEqual([
    true,
    true,
    false,
  ]);
  expect(differs(stampedAs('one', 1), stampedAs('one', 1))).toBe(false); // another object: compared
  expect(compared).toEqual(['one', 'one', 'two', 'one']);
});

test('the text of a part that is shared is the same as that of any other', () => {
  const part = { b: [1, { z: 'ü' }], a: ['x', 'y'] };
  const text = canonicalJson({ part });
  expect(canonicalJson({ part: shared({ ...part }) })).toBe(text);
});

test('a part that many objects share is compared once with what is kept of them, and what differs every time', () => {
  let reads = 0;
  const counted = (probe: object) => new Proxy(probe, { get: (...args) => (reads++, Reflect.get(...args) as unknown) });
  const [asked, actual] = [shared({ port: 1, path: '/' }), counted({ port: 1, path: '/', period: 10 })];
  const other = counted({ port: 2, path: '/' });
  const differs = (probe: object) => hasDrifted(policy({ name: 'x', probe: asked }), policy({ name: 'x', probe }));
  expect([differs(actual), differs(actual), differs(actual)]).toEqual([false, false, false]);
  expect(reads).toBe(2);
  expect([differs(other), differs(other)]).toEqual([true, true]);
});
