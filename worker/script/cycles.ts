/** Processes one after the other: what ends with exit code 0 is a planned recycling. */
import type { Logger } from '../pod/log.ts';
import { pause } from '../pod/timers.ts';
import { neverRecycled, recycle } from './recycling.ts';

/**
 * Runs `runOnce` again for as long as it ends with 0 and nobody asked to stop.
 * @returns the exit code of the last run
 */
export async function runCycles(runOnce: () => Promise<number>, stop: AbortSignal, log: Logger): Promise<number> {
  let recycling = neverRecycled;
  for (;;) {
    const started = performance.now();
    const code = await runOnce();
    if (code !== 0 || stop.aborted) return code;
    recycling = recycle(recycling, performance.now() - started);
    if (recycling.pauseMs === 0) continue;
    log.warn(
      `the process ended with exit code 0 within a second, ${recycling.shortRuns} times in a row: ` +
        `the next one starts in ${recycling.pauseMs} ms; raise spec.stream.requestLimit if it did work`,
    );
    await pause(recycling.pauseMs, stop);
    if (stop.aborted) return 0;
  }
}
