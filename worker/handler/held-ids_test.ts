import { assertEquals } from '../testing/assert.ts';
import { HeldIds } from './held-ids.ts';

Deno.test('an id is the newest by its two numbers, whatever they look like', () => {
  const ids = [
    '5-9',
    '5-10',
    '15-1',
    '15-1',
    '9-99',
    '15-2',
    '100-0',
    '99-18446744073709551615',
    '100-18446744073709551615',
  ];
  const held = new HeldIds();
  assertEquals(ids.map((id) => held.isNewest(id)), [true, true, true, false, false, true, true, false, true]);
});

Deno.test('an id that comes again is found among those that are held', () => {
  const held = new HeldIds();
  const all = ['1-1', '2-1', '3-1'];
  for (const id of all) held.add((held.isNewest(id), id));
  assertEquals([held.isNewest('2-1'), held.has('2-1', () => all), held.has('2-2', () => all)], [false, true, false]);
  held.drop('2-1');
  assertEquals(held.has('2-1', () => all), false);
});
