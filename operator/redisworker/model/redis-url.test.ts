import { expect, test } from 'vitest';
import { ownRedisUrl, topologyOf } from './redis-url.ts';

const sentinel = { masterName: 'mymaster' };

test.each([
  [undefined, undefined],
  [{}, undefined],
  [{ url: 'redis://a' }, 'redis://a'],
  [{ urls: ['rediss://a:1/2'] }, 'rediss://a:1/2'],
  [{ url: 'redis://a/3', sentinel }, 'redis+sentinel://a/mymaster/3'],
  [{ urls: ['rediss://a:1', 'rediss://[fd00::1]'], sentinel }, 'rediss+sentinel://a:1,[fd00::1]/mymaster/'],
  [{ urls: ['redis://a/0', 'redis://b:1/0'], cluster: 'Enabled' as const }, 'redis+cluster://a,b:1'],
])('%j is %s', (redis, url) => {
  expect(ownRedisUrl(redis)).toBe(url);
});

test.each([
  ['redis+sentinel://a/mymaster/3', { kind: 'Sentinel', ...sentinel }],
  ['redis+cluster://a,b:1', { kind: 'Cluster' }],
  ['redis://a', { kind: 'Standalone' }],
  [undefined, { kind: 'Standalone' }],
])('the topology of %s is told', (url, topology) => {
  expect(topologyOf(url)).toEqual(topology);
});
