import { describe, expect, test } from 'vitest';
import { expandVariables, inspectFlag, moveWord, parentsOf, type Places } from './places.ts';

const places: Places = {
  folders: new Map([
    ['/tmp', '/var/pod/root/tmp'],
    ['/run/redisworker/source', '/var/pod/root/run/redisworker/source'],
    ['/redisworker', '/tmp/checkout'],
  ]),
  parents: new Map([['/run/redisworker', '/var/pod/root/run/redisworker']]),
  ports: new Map([[8085, 40001], [6379, 40002]]),
};

describe('a path of the pod', () => {
  test.each([
    ['/tmp', '/var/pod/root/tmp'],
    ['--allow-read=/run/redisworker,/tmp/x', '--allow-read=/var/pod/root/run/redisworker,/var/pod/root/tmp/x'],
    ['/redisworker/worker/main.ts', '/tmp/checkout/worker/main.ts'],
    ['file:///redisworker/worker/mod.ts', 'file:///tmp/checkout/worker/mod.ts'],
    ['--import-map=/redisworker/import_map.json', '--import-map=/tmp/checkout/import_map.json'],
    ['/run/redisworker/source/worker.ts', '/var/pod/root/run/redisworker/source/worker.ts'],
  ])('moves: %s to %s', (word, moved) => {
    expect(moveWord(word, places)).toBe(moved);
  });

  test.each([
    '/tmpfile',
    '/var/tmp/x',
    '--cert=/etc/ssl/ca.pem',
    'https://host/tmp/x',
    '/run/redisworker/other',
    'a/redisworker',
    '/redisworker-2',
  ])('is not what only looks like one: %s stays', (word) => {
    expect(moveWord(word, places)).toBe(word);
  });

  test.each([
    '{"deadLetterStream":"/tmp/dead","traces":"On"}',
    'requests:/tmp/x',
    '/bin:/tmp/bin',
    'the address 0.0.0.0:8085',
  ])('does not move inside other text, which may be the name of a key: %s stays', (text) => {
    expect(moveWord(text, places)).toBe(text);
  });
});

describe('a listen address of the pod', () => {
  test.each([
    ['0.0.0.0:8085', '127.0.0.1:40001'],
    ['--allow-net=redis:6379,127.0.0.1:6379,0.0.0.0:8085', '--allow-net=redis:6379,127.0.0.1:40002,127.0.0.1:40001'],
    ['--forward=127.0.0.1:6379', '--forward=127.0.0.1:40002'],
  ])('moves: %s to %s', (word, moved) => {
    expect(moveWord(word, places)).toBe(moved);
  });

  test.each(['redis://127.0.0.1:6379/0', 'redis://user@127.0.0.1:6379', '10.127.0.0.1:6379', '127.0.0.1:63790'])(
    'is none inside a URL or another address: %s stays',
    (word) => {
      expect(moveWord(word, places)).toBe(word);
    },
  );
});

test.each([
  ['--inspect', { flag: '--inspect', host: '127.0.0.1', port: 9229 }],
  ['--inspect=127.0.0.1', { flag: '--inspect', host: '127.0.0.1', port: 9229 }],
  ['--inspect-brk=127.0.0.1:9300', { flag: '--inspect-brk', host: '127.0.0.1', port: 9300 }],
  ['--inspect-wait=[::1]:9300', { flag: '--inspect-wait', host: '[::1]', port: 9300 }],
  ['--inspect=9300', { flag: '--inspect', host: '127.0.0.1', port: 9300 }],
  ['--inspect=127.0.0.1:0', undefined],
  ['--inspector', undefined],
])('the debugger of %s is read', (word, expected) => {
  expect(inspectFlag(word)).toEqual(expected);
});

test('variables are put in, unknown ones stay, and two dollars are one', () => {
  expect(expandVariables('$(A)-$(B)-$$(A)', { A: '$(B)' })).toBe('$(B)-$(B)-$(A)');
});

test('parents of a path are listed from the nearest up', () => {
  expect(parentsOf('/run/redisworker/source')).toEqual(['/run/redisworker', '/run']);
});
