import { assertEquals } from '../worker/testing/assert.ts';
import { slotOf } from './redis-slot.ts';

Deno.test('the checksum is that of the specification', () => {
  assertEquals(slotOf('123456789'), 0x31c3);
});

Deno.test('a key lies in the slot Redis says', () => {
  const slots = { foo: 12182, bar: 5061, hello: 866, somekey: 11058, '': 0, 'schlüssel': 7677 };
  assertEquals(Object.fromEntries(Object.keys(slots).map((key) => [key, slotOf(key)])), slots);
});

Deno.test('what is between the first braces decides, unless it is nothing', () => {
  const sameSlot: readonly (readonly [string, string])[] = [
    ['{user1000}.following', '{user1000}.followers'],
    ['{user1000}.following', 'user1000'],
    ['foo{{bar}}zap', '{bar'],
    ['foo{bar}{zap}', 'bar'],
    ['{demo}:1:h', '{demo}:req:x'],
  ];
  for (const [one, other] of sameSlot) assertEquals(slotOf(one), slotOf(other));
  assertEquals(slotOf('foo{}{bar}') === slotOf('bar'), false);
  assertEquals(slotOf('foo{bar') === slotOf('bar'), false);
});
