/**
 * Says on the console what passes between a broker and its modules.
 * @module
 */
const key = Symbol.for('redisworker.broker.debug');

const shared = globalThis as { [key]?: boolean };

/** Turns it on or off, for this thread. */
export function enableDebugging(enabled = true): void {
  shared[key] = enabled;
}

/** Writes a line when it is on. */
export function debug(...said: readonly unknown[]): void {
  if (shared[key] === true) console.debug('broker:', ...said);
}
