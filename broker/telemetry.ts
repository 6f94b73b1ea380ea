/**
 * Whom a broker and its workers tell about their calls.
 * @module
 */
import type { Telemetry } from './types.ts';

export { openTelemetry } from './open-telemetry.ts';

/** One for all copies of this module in a thread. */
const key = Symbol.for('workerbroker.telemetry.1');

const shared = globalThis as { [key]?: Telemetry };

/** Sets it for this thread, once: later ones change nothing. */
export function setTelemetry(telemetry: Telemetry): void {
  shared[key] ??= telemetry;
}

/** What was set; undefined when nothing was, and nothing is told. */
export function getTelemetry(): Telemetry | undefined {
  return shared[key];
}
