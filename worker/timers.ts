/**
 * Timers that cost nothing while the process starts. Deno loads what is behind `setTimeout` when it is first called,
 * which takes longer than answering the first request; until a little later one AbortSignal waits in its place.
 */

/** Something that will happen, unless it is cancelled. */
export interface Timer {
  cancel(): void;
}

/** How long the start takes at most, counted from the first timer, in milliseconds. */
const startMs = 150;

interface Early extends Timer {
  readonly dueMs: number;
  readonly run: () => void;
}

const early = new Set<Early>();
let startEndsMs: number | undefined;
let starting = true;

/** Runs `run` once, `ms` milliseconds from now. */
export function after(ms: number, run: () => void): Timer {
  if (!starting) return real(ms, run);
  const nowMs = performance.now();
  startEndsMs ??= beginStart(nowMs);
  if (nowMs + ms < startEndsMs) return real(ms, run);
  const timer: Early = { dueMs: nowMs + ms, run, cancel: () => void early.delete(timer) };
  early.add(timer);
  return timer;
}

/** Settles after `ms` milliseconds. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => void after(ms, resolve));
}

function real(ms: number, run: () => void): Timer {
  const id = setTimeout(run, ms);
  return { cancel: () => clearTimeout(id) };
}

function beginStart(nowMs: number): number {
  AbortSignal.timeout(startMs).addEventListener('abort', endStart);
  return nowMs + startMs;
}

/** Timers that are still wanted become real ones. */
function endStart(): void {
  starting = false;
  for (const timer of early) {
    const { cancel } = real(Math.max(0, timer.dueMs - performance.now()), timer.run);
    timer.cancel = cancel;
  }
  early.clear();
}
