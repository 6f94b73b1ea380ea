import { expect, test } from 'vitest';
import type { KubeObject } from '../operator/cluster/cluster.ts';
import { announce, announcer } from './announce.ts';

function worker(...conditions: readonly object[]): KubeObject {
  return { apiVersion: 'v1', kind: 'RedisWorker', metadata: { name: 'w' }, status: { conditions } };
}

const ready = { type: 'Ready', status: 'True', reason: 'AllReady', message: '2 of 2 consumers work' };
const notReady = { type: 'Ready', status: 'False', reason: 'RedisUnreachable', message: 'no Redis at r:6379' };
const stalled = { type: 'Stalled', status: 'True', reason: 'HashConflict', message: 'somebody else owns w:1:h' };

test('a worker without a status is new', () => {
  expect(announce({ apiVersion: 'v1', kind: 'RedisWorker', metadata: { name: 'w' } })).toEqual({
    standing: 'waiting',
    line: '… w is new',
  });
});

test('a worker that is not ready says why', () => {
  expect(announce(worker(notReady))).toEqual({ standing: 'waiting', line: '… w is not ready: no Redis at r:6379' });
});

test('a stalled worker cannot run, even when it is also ready', () => {
  expect(announce(worker(ready, stalled))).toEqual({
    standing: 'stalled',
    line: '✗ w cannot run: somebody else owns w:1:h',
  });
});

test('the same standing is told once, and of a new worker nothing', () => {
  const lines: string[] = [];
  const tell = announcer((line) => lines.push(line));
  for (const state of [worker(), worker(notReady), worker(notReady), worker(ready), worker(ready)]) tell(state);
  expect(lines).toEqual(['… w is not ready: no Redis at r:6379', '✓ w is ready: 2 of 2 consumers work']);
});

test('where a worker answers over HTTP is told once it is known, and when it has moved', () => {
  const lines: string[] = [];
  const tell = announcer((line) => lines.push(line));
  const at = (url: string) => ({ ...worker(ready), status: { conditions: [ready], http: { url } } });
  for (const state of [worker(ready), at('http://127.0.0.1:8080'), at('http://127.0.0.1:8080')]) tell(state);
  tell(at('http://127.0.0.1:8081'));
  expect(lines).toEqual([
    '✓ w is ready: 2 of 2 consumers work',
    '✓ w answers at http://127.0.0.1:8080',
    '✓ w answers at http://127.0.0.1:8081',
  ]);
});
