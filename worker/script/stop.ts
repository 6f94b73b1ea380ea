/** The wish to stop. */

/** A signal that aborts on the first SIGTERM or SIGINT, with its name as the reason. */
export function stopRequested(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    // A listener is needed in any case: PID 1 without one dies of SIGTERM as if it had crashed.
    Deno.addSignalListener(signal, () => controller.abort(signal));
  }
  return controller.signal;
}
