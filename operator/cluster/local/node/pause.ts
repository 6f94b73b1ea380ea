/** A wait that can be cut short for good. */
import type { Clock } from '../../../clock.ts';

/** After {@link Pause.end} every wait, under way or new, is over at once. */
export class Pause {
  readonly #clock: Clock;
  #ended = false;
  readonly #wakes = new Set<() => void>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Settles after `ms`, or as soon as the pause is ended. */
  wait(ms: number): Promise<void> {
    if (this.#ended) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = () => {
        cancel();
        this.#wakes.delete(wake);
        resolve();
      };
      const cancel = this.#clock.after(ms, wake);
      this.#wakes.add(wake);
    });
  }

  end(): void {
    this.#ended = true;
    for (const wake of [...this.#wakes]) wake();
  }
}
