import { assertEquals } from '../testing/assert.ts';
import { neverRecycled, recycle } from './recycling.ts';

const after = (...runs: number[]) => runs.reduce(recycle, neverRecycled);

Deno.test('after a long run the next process starts at once', () => {
  assertEquals(after(60_000).pauseMs, 0);
});

Deno.test('a few short runs in a row are a small request limit: no pause', () => {
  assertEquals(after(10, 10, 10, 10, 10).pauseMs, 0);
});

Deno.test('more short runs in a row are slowed down, ever more, up to a bound', () => {
  const pauses = [6, 7, 8, 40].map((runs) => after(...Array<number>(runs).fill(10)).pauseMs);
  assertEquals(pauses, [200, 400, 800, 10_000]);
});

Deno.test('one long run forgives the short ones before', () => {
  assertEquals(after(10, 10, 10, 10, 10, 10, 10, 5000, 10), { shortRuns: 1, pauseMs: 0 });
});
