import { expect, test } from 'vitest';
import { withSpec, worker } from '../test/support/gen.ts';
import { ownRedisUrl, streamsOf, workerType } from './worker-type.ts';

function keysOf(object: ReturnType<typeof worker>, redisUrl = 'redis://cache'): string[] {
  const { requestStream, deadLetterStream } = streamsOf(object, redisUrl);
  return [workerType(object), requestStream, deadLetterStream];
}

test('the keys of a worker come from its manifest, else from its type, else from its name', () => {
  expect(keysOf(worker('w'))).toEqual(['w', 'w:req:x', 'w:dead:x']);
  expect(keysOf(worker('w', withSpec({ type: 'greeter' })))).toEqual(['greeter', 'greeter:req:x', 'greeter:dead:x']);
  expect(keysOf(worker('w', withSpec({ stream: { request: 'in' }, handler: { deadLetter: 'graveyard' } })))).toEqual([
    'w',
    'in',
    'graveyard',
  ]);
});

test('in a Cluster the keys of a worker carry its type as their tag', () => {
  expect(keysOf(worker('w'), 'redis+cluster://a:1,b:2')).toEqual(['w', '{w}:req:x', '{w}:dead:x']);
});

test.each([
  [{ url: 'redis://a:1' }, 'redis://a:1'],
  [{ url: 'redis://a:1', username: 'me@home' }, 'redis://me%40home@a:1'],
  [{ urls: ['redis://a', 'redis://b'], sentinel: { masterName: 'm' }, username: 'u' }, 'redis+sentinel://u@a,b/m/'],
  [{ urls: ['redis://a', 'redis://b'], cluster: 'Enabled' }, 'redis+cluster://a,b'],
  [{}, undefined],
])('the own Redis of a worker with %j is %s', (redis, url) => {
  expect(ownRedisUrl(worker('w', withSpec({ redis })))).toBe(url);
});
