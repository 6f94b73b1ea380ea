import { expect, test } from 'vitest';
import { ManualClock } from '../test/support/manual-clock.ts';
import { collectWhenIdle, isWorthCollecting } from './idle-memory.ts';

const mib = 2 ** 20;
const usage = (at: number, cpuMs: number, heapMiB: number) => ({ at, cpuMs, heapUsed: heapMiB * mib });

test('what is left is worth collecting at rest alone, and when there is enough of it', () => {
  const before = usage(0, 1000, 100);
  expect(isWorthCollecting(before, usage(10_000, 1100, 100), 60 * mib)).toBe(true);
  expect(isWorthCollecting(before, usage(10_000, 2000, 100), 60 * mib)).toBe(false);
  expect(isWorthCollecting(before, usage(10_000, 1100, 72), 60 * mib)).toBe(false);
});

test('a process that has been busy and rests is collected once, and again when it has allocated enough', async () => {
  const clock = new ManualClock();
  const used = { cpuMs: 0, heapUsed: 100 * mib };
  let collections = 0;
  const stop = collectWhenIdle({
    clock,
    usage: () => ({ ...used }),
    collect() {
      collections += 1;
      used.heapUsed = 40 * mib;
    },
  });
  const after = async (cpuMs: number, heapMiB: number) => {
    used.cpuMs += cpuMs;
    used.heapUsed += heapMiB * mib;
    await clock.advance(10_000);
    return collections;
  };
  expect(await after(5000, 50)).toBe(0); // it is busy
  expect(await after(100, 0)).toBe(1);
  expect(await after(100, 10)).toBe(1);
  expect(await after(100, 7)).toBe(2);
  stop();
  expect(clock.pending).toBe(0);
});
