import { assertEquals } from '../testing/assert.ts';
import { after, pause } from './timers.ts';

Deno.test('timers come in their order, whether asked for during the start or later', async () => {
  const { port1: stayAlive } = new MessageChannel();
  stayAlive.onmessage = () => {};
  const rung: string[] = [];
  const cancelled = [after(30, () => rung.push('cancelled')), after(400, () => rung.push('cancelled'))];
  const all = ([[600, 'third'], [10, 'first'], [200, 'second']] as const).map(([ms, name]) =>
    new Promise<void>((resolve) => void after(ms, () => resolve(void rung.push(name))))
  );
  cancelled[0]?.cancel();
  await pause(210);
  cancelled[1]?.cancel();
  await Promise.all(all);
  await pause(0);
  stayAlive.close();
  assertEquals(rung, ['first', 'second', 'third']);
});

Deno.test('a pause ends early when what it waits beside is aborted, and at once when that was before', async () => {
  const stop = new AbortController();
  const paused = pause(60_000, stop.signal);
  stop.abort();
  await paused;
  await pause(60_000, stop.signal);
});
