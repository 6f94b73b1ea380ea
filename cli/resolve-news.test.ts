import { describe, expect, test } from 'vitest';
import type { KubeObject } from '../operator/cluster/cluster.ts';
import { codeNews } from './resolve-news.ts';

type Told = readonly [status: string, reason: string, message: string, lastTransitionTime?: string];

function worker(told: Told, source?: object): KubeObject {
  const [status, reason, message, lastTransitionTime = 'then'] = told;
  return {
    apiVersion: 'redisworker.dev/v1alpha1',
    kind: 'RedisWorker',
    metadata: { name: 'a', namespace: 'shop' },
    status: {
      conditions: [{ type: 'SourceResolved', status, reason, message, lastTransitionTime }],
      ...(source === undefined ? {} : { source }),
    },
  };
}

const resolved = ['True', 'Resolved', '9 bytes'] as const;
const gone = ['False', 'SourceUnreachable', 'no answer'] as const;
const one = worker(resolved, { digest: 'sha256-one', commit: 'c1' });

describe('what became of a wish', () => {
  test.each<[string, KubeObject, string]>([
    [
      'has the same code',
      worker(resolved, { digest: 'sha256-one', commit: 'c1', resolveRequestedAt: 'w' }),
      '✓ a has the code it had: sha256-one, commit c1',
    ],
    [
      'has other code',
      worker(resolved, { digest: 'sha256-two', commit: 'c2', resolveRequestedAt: 'w' }),
      '✓ a has other code, digest sha256-one became sha256-two, commit c1 became c2; it rolls by spec.rollout',
    ],
  ])('is that it %s', (_what, now, line) => {
    expect(codeNews(one, now, 'w', false)).toEqual({ kind: 'resolved', line });
  });

  test('is not told by what an earlier wish has left', () => {
    const before = worker(gone, { digest: 'sha256-one', resolveRequestedAt: 'v' });
    expect(codeNews(before, before, 'w', false)).toEqual({ kind: 'asked' });
    expect(codeNews(one, one, 'w', false)).toEqual({ kind: 'asked' });
    expect(codeNews(before, worker(['Unknown', 'SourceResolving', '']), 'w', false)).toEqual({ kind: 'underWay' });
  });

  test.each<[string, KubeObject, KubeObject, boolean]>([
    ['the same once it was under way', worker(gone, {}), worker(gone, {}), true],
    ['one that is new', worker(gone, {}), worker([...gone, 'now'], {}), false],
    [
      'one that follows from the manifest',
      worker(['False', 'SecretNotFound', 'no Secret']),
      worker(['False', 'SecretNotFound', 'no Secret']),
      false,
    ],
  ])('is a failure: %s', (_what, before, now, wasUnderWay) => {
    expect(codeNews(before, now, 'w', wasUnderWay)).toMatchObject({ kind: 'failed' });
  });

  test('leaves what was there in its place when it fails', () => {
    expect(codeNews(one, worker(gone, { digest: 'sha256-one' }), 'w', true)).toEqual({
      kind: 'failed',
      line: '✗ a: SourceUnreachable: no answer; what was resolved before goes on',
    });
    expect(codeNews(one, undefined, 'w', true)).toEqual({ kind: 'failed', line: '✗ a was deleted meanwhile' });
  });
});
