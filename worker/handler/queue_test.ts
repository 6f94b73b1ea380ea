import { assertEquals } from '../testing/assert.ts';
import { Queue } from './queue.ts';

Deno.test('items leave in the order they came, however many are there and whatever is taken out of the middle', () => {
  const queue = new Queue<number>();
  const out: number[] = [];
  for (let n = 0; n < 5000; n++) {
    queue.push(n);
    if (n % 3 === 0) out.push(queue.shift() as number);
  }
  assertEquals([queue.length, out.length], [5000 - 1667, 1667]);
  queue.remove(2000);
  queue.remove(-1);
  for (let item = queue.shift(); item !== undefined; item = queue.shift()) out.push(item);
  assertEquals(out, Array.from({ length: 5000 }, (_, n) => n).filter((n) => n !== 2000));
  assertEquals([queue.length, queue.shift()], [0, undefined]);
});
