/** The wish to stop. */

/**
 * Calls `run` at every SIGTERM or SIGINT. A listener is needed from the first line on: PID 1 without one dies of
 * SIGTERM as if it had crashed.
 */
export function onStopSignal(run: (signal: Deno.Signal) => void): void {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) Deno.addSignalListener(signal, () => run(signal));
}

/** A signal that aborts at the first of them, with its name as the reason. */
export function stopRequested(): AbortSignal {
  const controller = new AbortController();
  onStopSignal((signal) => controller.abort(signal));
  return controller.signal;
}
