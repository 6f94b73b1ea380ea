import { describe, expect, test } from 'vitest';
import { expandVariables, parentsOf, type Places, rewriteText } from './rewrite.ts';

const places: Places = {
  folders: new Map([
    ['/tmp', '/var/pod/root/tmp'],
    ['/run/redisworker/source', '/var/pod/root/run/redisworker/source'],
    ['/redisworker', '/tmp/checkout'],
  ]),
  parents: new Map([['/run/redisworker', '/var/pod/root/run/redisworker']]),
  ports: new Map([[8085, 40001], [6379, 40002]]),
};

describe('paths', () => {
  test.each([
    ['/tmp', '/var/pod/root/tmp'],
    ['--allow-read=/run/redisworker,/tmp/x', '--allow-read=/var/pod/root/run/redisworker,/var/pod/root/tmp/x'],
    ['/redisworker/worker/main.ts', '/tmp/checkout/worker/main.ts'],
    ['file:///redisworker/worker/mod.ts', 'file:///tmp/checkout/worker/mod.ts'],
    ['{"cache":"/tmp/deno"}', '{"cache":"/var/pod/root/tmp/deno"}'],
    ['/bin:/tmp/bin', '/bin:/var/pod/root/tmp/bin'],
    ['/run/redisworker/source/worker.ts', '/var/pod/root/run/redisworker/source/worker.ts'],
  ])('%s moves to %s', (text, moved) => {
    expect(rewriteText(text, places)).toBe(moved);
  });

  test.each([
    '/tmpfile',
    '/var/tmp/x',
    'https://host/tmp/x',
    '/run/redisworker/other',
    'a/redisworker',
    '/redisworker-2',
    'https://deno.land/redisworker/x',
  ])('%s stays', (text) => {
    expect(rewriteText(text, places)).toBe(text);
  });
});

describe('ports', () => {
  test.each([
    ['0.0.0.0:8085', '127.0.0.1:40001'],
    ['--allow-net=redis:6379,127.0.0.1:6379,0.0.0.0:8085', '--allow-net=redis:6379,127.0.0.1:40002,127.0.0.1:40001'],
  ])('%s moves to %s', (text, moved) => {
    expect(rewriteText(text, places)).toBe(moved);
  });

  test.each([
    'redis://127.0.0.1:6379/0',
    'redis://user@127.0.0.1:6379',
    '10.127.0.0.1:6379',
    '127.0.0.1:63790',
    '127.0.0.1:9229',
  ])('%s stays', (text) => {
    expect(rewriteText(text, places)).toBe(text);
  });
});

test('variables are put in, unknown ones stay, and two dollars are one', () => {
  expect(expandVariables('$(A)-$(B)-$$(A)', { A: '$(B)' })).toBe('$(B)-$(B)-$(A)');
});

test('parents of a path are listed from the nearest up', () => {
  expect(parentsOf('/run/redisworker/source')).toEqual(['/run/redisworker', '/run']);
});
