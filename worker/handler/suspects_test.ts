import { assertEquals } from '../testing/assert.ts';
import { leastSuspiciousFirst, NewBeforeSuspects } from './suspects.ts';

const pending = (...deliveries: number[]) => deliveries.map((count, at) => ({ id: `${at}-0`, deliveries: count }));

Deno.test('what has ended the most processes comes last, and what has ended none stays in its order', () => {
  assertEquals(leastSuspiciousFirst(pending(5, 1, 0, 2, 3, 2, 1)).map(({ id, deliveries }) => `${id}:${deliveries}`), [
    '1-0:1',
    '2-0:0',
    '6-0:1',
    '3-0:2',
    '5-0:2',
    '4-0:3',
    '0-0:5',
  ]);
});

Deno.test('new requests go before suspects until there are none left', () => {
  const order = new NewBeforeSuspects(0);
  assertEquals(order.applies(pending(2), 1), true);
  order.read(256, 256);
  assertEquals(order.applies(pending(2), 2), true);
  order.read(3, 256);
  assertEquals(order.applies(pending(2), 3), false);
});

Deno.test('new requests keep suspects waiting for a while, however many come, and nothing else', () => {
  const order = new NewBeforeSuspects(0);
  order.read(256, 256);
  assertEquals([order.applies(pending(3), 9999), order.applies(pending(3), 10_000)], [true, false]);
  assertEquals([order.applies(pending(1, 3), 1), order.applies([], 1)], [false, false]);
});
