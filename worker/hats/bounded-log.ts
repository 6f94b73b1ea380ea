/** The log of a script, which may write much, and not more than can be kept. */
import type { Logger } from '../mod.ts';

/** Lines of log a script may write in ten seconds. */
const mostLines = 1000;
const linesMs = 10_000;

/** Passes lines on until there are too many. */
export class BoundedLog {
  readonly #log: Logger;
  readonly #monotonic: () => number;
  #since = 0;
  #count = 0;

  constructor(log: Logger, monotonic: () => number) {
    this.#log = log;
    this.#monotonic = monotonic;
  }

  write(level: 'info' | 'warn' | 'error', text: string): void {
    const now = this.#monotonic();
    if (now - this.#since > linesMs) [this.#since, this.#count] = [now, 0];
    this.#count++;
    if (this.#count < mostLines) this.#log[level](text);
    else if (this.#count === mostLines) this.#log.warn(`more than ${mostLines} lines in ten seconds are left out`);
  }
}
