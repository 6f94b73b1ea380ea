import { expect, test } from 'vitest';
import { fieldsOf, overlay, without } from './field-paths.ts';
import { mergePatch } from './merge-patch.ts';
import { matches } from './selectors.ts';

test('lists are one leaf, but for conditions, finalizers and owners, whose items are', () => {
  const fields = fieldsOf({
    spec: { ports: [1, 2] },
    metadata: { finalizers: ['a', 'b'] },
    status: { conditions: [{ type: 'Ready', status: 'True' }] },
  });
  expect(fields).toEqual(
    new Set([
      '["spec","ports"]',
      '["metadata","finalizers",{"key":"","value":"a"}]',
      '["metadata","finalizers",{"key":"","value":"b"}]',
      '["status","conditions",{"key":"type","value":"Ready"},"type"]',
      '["status","conditions",{"key":"type","value":"Ready"},"status"]',
    ]),
  );
});

test('laying conditions over others replaces the same type and appends a new one', () => {
  const live = {
    status: { conditions: [{ type: 'A', status: 'False', message: 'old' }, { type: 'B', status: 'True' }] },
  };
  const applied = { status: { conditions: [{ type: 'C', status: 'True' }, { type: 'A', status: 'True' }] } };
  expect(overlay(live, applied)).toEqual({
    status: {
      conditions: [{ type: 'A', status: 'True', message: 'old' }, { type: 'B', status: 'True' }, {
        type: 'C',
        status: 'True',
      }],
    },
  });
});

test('taking the last field out of a map takes the map out too', () => {
  const value = { metadata: { labels: { a: '1' }, finalizers: ['x'] }, spec: { n: 1 } };
  expect(without(value, fieldsOf({ metadata: { labels: { a: '1' }, finalizers: ['x'] } }))).toEqual({ spec: { n: 1 } });
});

test('taking a condition out takes all of it, whatever order its fields come in', () => {
  const value = { status: { conditions: [{ type: 'A', status: 'True' }, { type: 'B', status: 'True', reason: 'R' }] } };
  expect(without(value, fieldsOf({ status: { conditions: [{ type: 'B', status: 'True', reason: 'R' }] } }))).toEqual({
    status: { conditions: [{ type: 'A', status: 'True' }] },
  });
});

test('a merge patch removes on null, replaces lists and merges maps', () => {
  expect(mergePatch({ a: { b: 1, c: 2 }, l: [1, 2] }, { a: { b: null, d: 3 }, l: [3] })).toEqual({
    a: { c: 2, d: 3 },
    l: [3],
  });
});

test('labels, namespaces and fields select objects', () => {
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', namespace: 'n', labels: { app: 'w' } },
    spec: { nodeName: 'n1' },
  };
  expect(matches(pod, { labels: { app: null }, fieldSelector: 'spec.nodeName=n1,status.phase!=Failed' })).toBe(true);
  expect(matches(pod, { labels: { app: 'x' } })).toBe(false);
  expect(matches(pod, { namespace: 'other' })).toBe(false);
  expect(matches(pod, { fieldSelector: 'spec.nodeName!=n1' })).toBe(false);
  expect(matches(pod, { fieldSelector: 'metadata.name==p' })).toBe(true);
});
