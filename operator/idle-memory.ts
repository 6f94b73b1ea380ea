/**
 * Gives memory back when there is nothing to do. V8 collects as a program allocates, so a process that has been busy and
 * rests keeps what nobody uses any more.
 */
import type { Clock } from './clock.ts';

/** What a process has used; milliseconds and bytes. */
export interface Usage {
  readonly at: number;
  /** Processor time since the start. */
  readonly cpuMs: number;
  readonly heapUsed: number;
}

/** What this works with. */
export interface IdleMemoryOptions {
  readonly clock: Clock;
  readonly usage: () => Omit<Usage, 'at'>;
  /** Collects everything. */
  readonly collect: () => unknown;
}

const lookMs = 10_000;
/** Part of a processor that a process at rest takes. */
const restingShare = 0.05;
/** Less is not worth a collection, in bytes: half of it may be young, and goes by itself. */
const worthwhile = 16 * 2 ** 20;

/** Whether a process rests, and has allocated enough since `kept` bytes were left by the last collection. Pure. */
export function isWorthCollecting(before: Usage, now: Usage, kept: number): boolean {
  const share = (now.cpuMs - before.cpuMs) / Math.max(now.at - before.at, 1);
  return share < restingShare && now.heapUsed - kept > worthwhile;
}

/** Looks now and then. @returns a function that ends it */
export function collectWhenIdle({ clock, usage, collect }: IdleMemoryOptions): () => void {
  let kept = 0;
  let before: Usage = { at: clock.now(), ...usage() };
  let cancel = clock.after(lookMs, look);
  function look(): void {
    const now: Usage = { at: clock.now(), ...usage() };
    if (isWorthCollecting(before, now, kept)) {
      collect();
      kept = usage().heapUsed;
    }
    before = { at: clock.now(), ...usage() };
    cancel = clock.after(lookMs, look);
  }
  return () => cancel();
}

/** What this process has used. */
export function processUsage(): Omit<Usage, 'at'> {
  const { user, system } = process.cpuUsage();
  return { cpuMs: (user + system) / 1000, heapUsed: process.memoryUsage().heapUsed };
}
