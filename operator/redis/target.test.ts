import { expect, test } from 'vitest';
import { nameOf, parseRedisUrl, type RedisTarget, targetKey, urlOf } from './target.ts';
import { targetAt } from '../../test/support/redis-target.ts';

test.each([
  ['redis://cache', targetAt({ host: 'cache', port: 6379 }, { db: 0 })],
  ['redis://10.0.0.7:7000/3', targetAt({ host: '10.0.0.7', port: 7000 }, { db: 3 })],
  ['redis://[fd00::1]:6380/', targetAt({ host: 'fd00::1', port: 6380 }, { db: 0 })],
  ['redis://[::ffff:10.0.0.7]', targetAt({ host: '10.0.0.7', port: 6379 }, { db: 0 })],
  ['rediss://Cache.Example.com.:6379', targetAt({ host: 'cache.example.com', port: 6379 }, { db: 0, tls: {} })],
  ['redis+sentinel://b,a:1/m/2', {
    hosts: [{ host: 'a', port: 1 }, { host: 'b', port: 26_379 }],
    topology: { kind: 'Sentinel', masterName: 'm' },
    db: 2,
  }],
  ['rediss+cluster://a', { hosts: [{ host: 'a', port: 6379 }], topology: { kind: 'Cluster' }, db: 0, tls: {} }],
])('reads %s', (url, target) => {
  expect(parseRedisUrl(url)).toEqual({ ok: true, target });
});

test.each([
  ['cache:6379', 'redis://'],
  ['http://cache', 'redis://'],
  ['redis://', 'host'],
  ['redis://:canary@cache', 'credentials'],
  ['redis://user:canary@cache', 'credentials'],
  ['redis://cache/zero', 'database number'],
  ['redis://cache/0?password=canary', 'without ?'],
  ['redis://cache:canary', 'its port 1 to 65535'],
])('refuses %s with the fix, without repeating it', (url, fix) => {
  const parsed = parseRedisUrl(url);
  expect(parsed).toMatchObject({ ok: false, problem: expect.stringContaining(fix) });
  expect(JSON.stringify(parsed)).not.toContain('canary');
});

test('the URL of a target reads back as the target', () => {
  for (
    const url of [
      'redis://[fd00::1]:6380/2',
      'rediss://cache:6379/0',
      'rediss+sentinel://a:1,b:2/m/0',
      'redis+cluster://a:1',
    ]
  ) {
    const parsed = parseRedisUrl(url);
    expect(parsed.ok && urlOf(parsed.target)).toBe(url);
  }
});

test.each([
  ['redis://[fd00::1]:1', 'Redis at [fd00::1]:1'],
  ['redis+sentinel://b:2,a:1/m', 'Redis "m" of the Sentinels at a:1, b:2'],
  ['redis+cluster://a:1', 'Redis Cluster at a:1'],
])('people read %s as %s', (url, name) => {
  const parsed = parseRedisUrl(url);
  expect(parsed.ok && nameOf(parsed.target)).toBe(name);
});

test('the key of a target tells logins apart and contains none of them', () => {
  const base = targetAt({ host: 'cache' }, { username: 'u', password: 'canary' });
  const others: RedisTarget[] = [
    { ...base, password: 'other' },
    { ...base, username: 'v' },
    { ...base, db: 1 },
    { ...base, tls: {} },
    { ...base, tls: { serverName: 'x' } },
    { ...base, tls: { minVersion: '1.3' } },
    { ...base, tls: { client: { cert: 'c', key: 'k' } } },
    { ...base, tls: { client: { cert: 'c', key: 'other' } } },
    targetAt({ host: 'cache' }, { username: 'u' }),
    { ...base, sentinel: { password: 'canary' } },
    { ...base, sentinel: { username: 's', password: 'canary' } },
    { ...base, topology: { kind: 'Cluster' } },
    { ...base, topology: { kind: 'Sentinel', masterName: 'm' } },
    { ...base, hosts: [...base.hosts, { host: 'other', port: 6379 }] },
  ];
  expect(targetKey({ ...base })).toBe(targetKey(base));
  expect(new Set([base, ...others].map(targetKey)).size).toBe(15);
  expect(targetKey(base)).not.toContain('canary');
});
