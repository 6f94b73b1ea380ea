import { assertEquals } from '../testing/assert.ts';
import { progressKeeper } from './progress.ts';

Deno.test('progress is kept only where traces are written: nobody else would take it out again', () => {
  const kept = (traces: 'On' | 'Off') => {
    const progress = new Map<string, number>();
    const keep = progressKeeper(traces, progress);
    for (let at = 0; at < 3; at++) keep(`r${at}`, 50);
    return progress.size;
  };
  assertEquals([kept('On'), kept('Off')], [3, 0]);
});
