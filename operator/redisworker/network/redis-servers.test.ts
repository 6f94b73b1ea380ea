import { expect, test } from 'vitest';
import { parseRedisAddress } from '../../../contract/redis-address.ts';
import { canonicalServers, resolved, whichServer } from './redis-servers.ts';

test.each(
  [
    ['redis://a', 'a', 'author', 'spec.redis.url'],
    ['redis://a', 'a', 'operator', "the operator's default Redis (--redis)"],
    ['redis+cluster://a', 'a', 'author', 'spec.redis.urls: a:6379'],
    ['redis+cluster://a,b', 'b', 'operator', "the operator's default Redis (--redis): b:6379"],
    ['redis+cluster://a', 'c', 'author', 'spec.redis: its member c:6379'],
    ['redis+cluster://a', 'c', 'operator', "the operator's default Redis (--redis): its member c:6379"],
  ] as const,
)('of %s the server at %s is told to the %s by the field it stands in', (url, host, whose, subject) => {
  expect(whichServer({ host, port: 6379 }, parseRedisAddress(url), whose)).toBe(subject);
});

test('servers are one list however they are named', () => {
  const [a, b] = [{ host: 'a', port: 2 }, { host: 'a', port: 10 }];
  expect(canonicalServers([b, a, ...resolved([b], () => ['192.0.2.1'])])).toEqual([b, a]);
  expect(canonicalServers([a, b])).toEqual([b, a]);
});
