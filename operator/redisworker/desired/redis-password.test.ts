import { expect, it } from 'vitest';
import { passwordsOf, rememberedPasswords } from './redis-password.ts';
import { runtimeSecret } from './runtime-secret.ts';

const hour = 3_600_000;
const parent = { apiVersion: 'v1', kind: 'RedisWorker', namespace: 'default', name: 'w', uid: 'uid-1' };
const first = { current: 'one', made: '2030-01-01T00:00:00.000Z', asked: '' };
const at = (hours: number) => Date.parse(first.made) + hours * hour;
const rotate = (
  found: Parameters<typeof passwordsOf>[0],
  hours: number,
  asked = '',
  maxAgeMs: number | undefined = 24 * hour,
) => passwordsOf(found, { now: at(hours), maxAgeMs, asked, fresh: () => 'fresh' });

it('the first password is a fresh one', () => {
  expect(rotate(undefined, 0, 'x')).toEqual({ current: 'fresh', made: first.made, asked: 'x' });
});

it('a password is replaced when it is old enough or another is asked for, and kept as the one before', () => {
  expect(rotate(first, 23)).toBe(first);
  expect(rotate(first, 24)).toEqual({ current: 'fresh', previous: 'one', made: '2030-01-02T00:00:00.000Z', asked: '' });
  expect(rotate(first, 1, 'now')).toMatchObject({ current: 'fresh', previous: 'one', asked: 'now' });
  expect(rotate(first, 100_000, '', 0)).toMatchObject({ current: 'fresh' });
  expect(passwordsOf(first, { now: at(100_000), maxAgeMs: undefined, asked: '', fresh: () => 'fresh' })).toBe(first);
});

it('a password is not replaced again while some pod may have the one before', () => {
  const replacing = { ...first, previous: 'zero' };
  expect(rotate(replacing, 1000, 'now')).toBe(replacing);
});

it('the runtime Secret remembers passwords, and one without a date has none of the worker', () => {
  const { current, ...kept } = { ...first, previous: 'zero' };
  const aesKey = '000102030405060708090a0b0c0d0e0f';
  expect(rememberedPasswords(runtimeSecret(parent, { aesKey, redisPassword: current }, kept))).toEqual({
    current,
    ...kept,
  });
  expect(rememberedPasswords(runtimeSecret(parent, { aesKey, redisPassword: current }))).toBeUndefined();
  expect(rememberedPasswords(undefined)).toBeUndefined();
});

it('no password is made that is not needed: a thousand looks at a start need none', () => {
  const fresh = () => expect.fail('a password was made');
  expect(passwordsOf(first, { now: at(23), maxAgeMs: undefined, asked: '', fresh })).toBe(first);
});
