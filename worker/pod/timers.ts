/**
 * Timers that cost nothing while the process starts. Deno loads what is behind `setTimeout` when it is first called,
 * which takes longer than answering the first request; until a little later one wait of V8's own stands in its place.
 * Timers that are due meanwhile come that much late. That wait keeps no process alive; what both entries listen for
 * from their first line on, the signals, does.
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
let phase: 'before' | 'starting' | 'over' = 'before';

/** Runs `run` once, `ms` milliseconds from now. */
export function after(ms: number, run: () => void): Timer {
  if (phase === 'over') return real(ms, run);
  if (phase === 'before') beginStart();
  const timer: Early = { dueMs: performance.now() + ms, run, cancel: () => void early.delete(timer) };
  early.add(timer);
  return timer;
}

/** Settles after `ms` milliseconds, or once `until` is aborted. */
export function pause(ms: number, until?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (until?.aborted) return resolve();
    const end = (): void => {
      timer.cancel();
      until?.removeEventListener('abort', end);
      resolve();
    };
    const timer = after(ms, end);
    until?.addEventListener('abort', end, { once: true });
  });
}

function real(ms: number, run: () => void): Timer {
  const id = setTimeout(run, ms);
  return { cancel: () => clearTimeout(id) };
}

function beginStart(): void {
  phase = 'starting';
  const neverNotified = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  void Promise.resolve(Atomics.waitAsync(neverNotified, 0, 0, startMs).value).then(endStart);
}

/** Timers that are still wanted become real ones. */
function endStart(): void {
  phase = 'over';
  for (const timer of early) {
    const { cancel } = real(Math.max(0, timer.dueMs - performance.now()), timer.run);
    timer.cancel = cancel;
  }
  early.clear();
}
