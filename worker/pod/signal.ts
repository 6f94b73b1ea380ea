/** Lets one loop wait for the others. */
import { after, type Timer } from './timers.ts';

/** One loop waits for it, the others notify it; a notice while nobody waits is kept. */
export class Signal {
  #notified = false;
  #wake: (() => void) | undefined;

  notify(): void {
    this.#notified = true;
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }

  /** Settles at the next notice, or after `ms`. */
  async wait(ms: number): Promise<void> {
    if (!this.#notified) {
      let timer: Timer | undefined;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        timer = after(ms, resolve);
      });
      timer?.cancel();
    }
    this.#notified = false;
    this.#wake = undefined;
  }
}
