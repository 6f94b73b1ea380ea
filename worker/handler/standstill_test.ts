import { assertEquals } from '../testing/assert.ts';
import { Standstill } from './standstill.ts';

/** What each sweep tells, by the milliseconds since the one before. */
const tell = (gaps: readonly number[]) => {
  const standstill = new Standstill(100, 0);
  let now = 0;
  return gaps.map((gap) => standstill.sweep(now += gap));
};
const steady = Array<number>(10).fill(105);

Deno.test('a process that was frozen stood still for as long as its sweep is late', () => {
  assertEquals(tell([...steady, 25_100, 100]).slice(-2), [25_000, 0]);
});

Deno.test('sweeps that are a little late are no standstill', () => {
  assertEquals(tell([...steady, 900, 400, 100]).slice(-3), [0, 0, 0]);
});

Deno.test('a handler that keeps the process busy again and again is not given more time each time', () => {
  assertEquals(tell([...steady, 2100, 2100, 100, 2100]).slice(-4), [2000, 0, 0, 0]);
});
