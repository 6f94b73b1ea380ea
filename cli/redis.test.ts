import { expect, test } from 'vitest';
import { parseUserUrl, splitCredentials } from './redis.ts';

test.each([
  ['redis://r.example', undefined, { url: 'redis://r.example' }],
  ['redis://r.example:7000/2', 'env', { url: 'redis://r.example:7000/2', password: 'env' }],
  ['rediss://ann:p%40ss@r.example/1', 'env', { url: 'rediss://r.example/1', username: 'ann', password: 'p@ss' }],
  ['redis://:only@[::1]:6379', undefined, { url: 'redis://[::1]:6379', password: 'only' }],
])('the credentials of %s are taken out of it', (url, password, access) => {
  expect(splitCredentials(url, password)).toEqual(access);
});

test.each(['localhost:6379', 'http://r:6379', 'redis://', ''])('"%s" is no Redis URL', (url) => {
  expect(() => parseUserUrl(url)).toThrow('this is not a Redis URL; write redis://host:port/db');
});

test('the password of a wrong URL is not repeated', () => {
  expect(() => parseUserUrl('http://:hush@r')).not.toThrow('hush');
});
