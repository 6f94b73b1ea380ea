/**
 * Ends the workers that were called least recently, when there are too many or they take too much.
 * @module
 */
import type { WorkerCleaner, WorkerEvent } from './types.ts';

/** What a cleaner allows; 0 for no bound. */
export interface CleanerOptions {
  /** Bytes this process may take. */
  readonly memoryCeiling?: number;
  /** Workers there may be. */
  readonly workerCount?: number;
}

/**
 * The worker just made and those that are busy stay: bounds are kept by ending the others, the longest unused first.
 * The memory of a worker that has ended stays with the process, which uses it again for the next: it counts as free.
 */
export function cleaner({ memoryCeiling = 0, workerCount = 0 }: CleanerOptions): WorkerCleaner {
  const workers = new Map<string, WorkerEvent>(); // the least recently used first
  const atRest = memoryCeiling > 0 ? Deno.memoryUsage().rss : 0;
  let most = 0;
  return (event) => {
    if (event.type === 'terminate') return workers.clear();
    workers.delete(event.key);
    if (event.type === 'remove') return;
    workers.set(event.key, event);
    if (event.type !== 'create') return;
    most = Math.max(most, workers.size);
    const rss = memoryCeiling > 0 ? Deno.memoryUsage().rss : 0;
    const surplus = Math.max(
      workerCount > 0 ? workers.size - workerCount : 0,
      memoryCeiling > 0 ? surplusOf({ rss, atRest, most, live: workers.size }, memoryCeiling) : 0,
    );
    endLeastUsed([...workers.values()].slice(0, -1), surplus);
  };
}

/** What a process and its workers take. */
export interface MemoryTaken {
  /** Bytes of the process now, and without any worker. */
  readonly rss: number;
  readonly atRest: number;
  /** Workers there are now, and the most there have been at once. */
  readonly live: number;
  readonly most: number;
}

/** How many workers have to end for the process to come below the ceiling, by what one takes on average. Pure. */
export function surplusOf({ rss, atRest, live, most }: MemoryTaken, ceiling: number): number {
  const each = Math.max(rss - atRest, 0) / most;
  const taken = rss - (most - live) * each;
  if (taken < ceiling) return 0;
  return each === 0 ? live : Math.floor((taken - ceiling) / each) + 1;
}

function endLeastUsed(oldestFirst: readonly WorkerEvent[], count: number): void {
  let left = count;
  for (const { broker, moduleSpecifier, segregationId } of oldestFirst) {
    if (left <= 0) return;
    const worker = [moduleSpecifier, segregationId] as const;
    if (broker.isBusy(worker)) continue;
    broker.removeWorker(worker);
    left--;
  }
}
