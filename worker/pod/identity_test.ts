import { assertEquals } from '../testing/assert.ts';
import { isOurs, refusalOf } from './identity.ts';

const me = { owner: 'me', pid: '8' };
const kind = (fields: Record<string, string>) => refusalOf({ type: 'demo', ...fields }, me)?.kind;

Deno.test('a place without a process may be taken, whoever owned it last', () => {
  assertEquals([kind({}), kind({ owner: 'other' })], [undefined, undefined]);
});

Deno.test('an earlier process of this very pod does not keep its place', () => {
  assertEquals(kind({ pid: '7', owner: 'me' }), undefined);
});

Deno.test('a process of another pod, or of nobody known, keeps its place', () => {
  assertEquals([kind({ pid: '7', owner: 'other' }), kind({ pid: '7' })], ['occupied', 'occupied']);
});

Deno.test('where there is no config hash there is no place', () => {
  assertEquals(refusalOf({ pid: '7', owner: 'me' }, me)?.kind, 'noHash');
});

Deno.test('a script writes its pid itself, so its place is ours by the owner alone', () => {
  assertEquals([isOurs(['9', 'me'], me), isOurs(['9', 'me'], { owner: 'me' }), isOurs(['9', 'x'], { owner: 'me' })], [
    false,
    true,
    false,
  ]);
});
