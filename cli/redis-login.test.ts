import { expect, test } from 'vitest';
import { splitCredentials } from './redis-login.ts';

test.each([
  ['redis://r.example', undefined, { url: 'redis://r.example:6379/0' }],
  ['redis://R.example.:7000/2', 'env', { url: 'redis://r.example:7000/2', password: 'env' }],
  ['rediss://ann:p%40ss@r.example/1', 'env', { url: 'rediss://r.example:6379/1', username: 'ann', password: 'p@ss' }],
  ['redis://ann@r.example', 'env', { url: 'redis://r.example:6379/0', username: 'ann', password: 'env' }],
  ['redis://:only@[::1]:6379', undefined, { url: 'redis://[::1]:6379/0', password: 'only' }],
  ['redis://:a:b/c#@100%@r', undefined, { url: 'redis://r:6379/0', password: 'a:b/c#@100%' }],
  ['redis+sentinel://ann:hush@b,a/m', undefined, {
    url: 'redis+sentinel://a:26379,b:26379/m/0',
    username: 'ann',
    password: 'hush',
  }],
])('the credentials of %s are taken out of it', (url, password, access) => {
  expect(splitCredentials(url, password)).toEqual(access);
});

test.each([
  ['localhost:6379', 'redis://host:port/database'],
  ['http://r:6379', 'redis://host:port/database'],
  ['', 'redis://host:port/database'],
  ['redis://', 'names no host'],
  ['redis://:hush@', 'names no host'],
  ['redis://:hush@r/zero', 'database number'],
  ['http://:hush@r', 'redis://host:port/database'],
])('"%s" is no Redis URL, and is not repeated', (url, rule) => {
  expect(() => splitCredentials(url)).toThrow(rule);
  expect(() => splitCredentials(url)).not.toThrow('hush');
});
