import { RedisError } from '../redis/resp.ts';
import { assertEquals } from '../testing/assert.ts';
import { planTrim } from './trim.ts';

const group = (
  name: string,
  lastDelivered = '9-0',
  pending = 0,
) => ['name', name, 'pending', pending, 'last-delivered-id', lastDelivered];
const nothingPending = [0, null, null, null];
const [old, newer] = [{ sparingTrim: false }, { sparingTrim: true }];

Deno.test('trims up to the oldest pending entry, or the last delivered one, whatever the server', () => {
  for (const server of [old, newer]) {
    assertEquals(planTrim([group('worker')], [2, '4-0', '6-0', []], 'worker', server), [
      'MINID',
      '~',
      '4-0',
      'LIMIT',
      200_000,
    ]);
    assertEquals(planTrim([group('worker')], nothingPending, 'worker', server), [
      'MINID',
      '~',
      '9-0',
      'LIMIT',
      200_000,
    ]);
  }
});

Deno.test('beside another group trims only what is delivered to both, and lets the server spare what is pending', () => {
  const trim = (...audit: [string, number?]) =>
    planTrim([group('worker', '10-5', 1), group('audit', ...audit)], [1, '9-7', '9-7', []], 'worker', newer);
  assertEquals(trim('9-12', 3), ['MINID', '~', '9-7', 'ACKED', 'LIMIT', 20_000]);
  assertEquals(trim('9-5', 3), ['MINID', '~', '9-5', 'ACKED', 'LIMIT', 20_000]);
  assertEquals(trim('0-0'), ['MINID', '~', '0-0', 'ACKED', 'LIMIT', 20_000]);
  assertEquals(trim('10-0', 10_001), undefined);
  assertEquals(planTrim([group('worker'), group('audit')], nothingPending, 'worker', old), undefined);
});

Deno.test('trims nothing when its group or the stream is gone', () => {
  assertEquals(planTrim([group('audit')], nothingPending, 'worker', newer), undefined);
  assertEquals(planTrim(new RedisError('ERR no such key'), new RedisError('NOGROUP'), 'worker', newer), undefined);
});
