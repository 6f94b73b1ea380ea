import { expect, it } from 'vitest';
import { resources } from '../cluster.ts';
import { collectionPath, objectPath, resourceOf, selectorsOf, withQuery } from './wire.ts';

it('puts core kinds under /api and groups under /apis', () => {
  expect(collectionPath(resources.pods, 'n')).toBe('/api/v1/namespaces/n/pods');
  expect(collectionPath(resources.deployments)).toBe('/apis/apps/v1/deployments');
  expect(objectPath(resources.redisWorkers, { namespace: 'n', name: 'w' }, 'status')).toBe(
    '/apis/redisworker.dev/v1alpha1/namespaces/n/redisworkers/w/status',
  );
});

it('leaves the namespace out for kinds that have none', () => {
  expect(collectionPath(resources.nodes, 'n')).toBe('/api/v1/nodes');
  expect(objectPath(resources.nodes, { name: 'a' })).toBe('/api/v1/nodes/a');
});

it('refuses a namespaced object without a namespace instead of asking for another path', () => {
  expect(() => objectPath(resources.pods, { name: 'p' })).toThrow('Pod "p" needs a namespace');
});

it('does not let a name leave its place in the path', () => {
  expect(objectPath(resources.pods, { namespace: 'n', name: '../secrets/x' })).toBe(
    '/api/v1/namespaces/n/pods/..%2Fsecrets%2Fx',
  );
});

it('writes label selectors for values and for keys alone', () => {
  const selectors = selectorsOf({
    labels: { 'redisworker.dev/worker': 'w', 'redisworker.dev/consumer': null },
    fieldSelector: 'spec.nodeName=n1',
  });
  expect(selectors.labelSelector).toBe('redisworker.dev/worker=w,redisworker.dev/consumer');
  expect(withQuery('/p', { ...selectors, limit: 5, continue: undefined }))
    .toBe(
      '/p?labelSelector=redisworker.dev%2Fworker%3Dw%2Credisworker.dev%2Fconsumer&fieldSelector=spec.nodeName%3Dn1&limit=5',
    );
});

it('selects one object by its name', () => {
  expect(selectorsOf({ name: 's' }).fieldSelector).toBe('metadata.name=s');
  expect(selectorsOf({ name: 's', fieldSelector: 'type=Opaque' }).fieldSelector).toBe('metadata.name=s,type=Opaque');
});

it('finds where a kind is served and says so when it does not know', () => {
  expect(resourceOf({ apiVersion: 'v1', kind: 'Secret' })).toBe(resources.secrets);
  expect(() => resourceOf({ apiVersion: 'v1', kind: 'Widget' })).toThrow('Widget of v1 is not among the resources');
});
