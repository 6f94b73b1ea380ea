/** Lets one loop wait for the others. */
import { after, type Timer } from '../pod/timers.ts';

/** A bell one loop waits at; a ring while nobody waits is kept. */
export class Bell {
  #rung = false;
  #wake: (() => void) | undefined;

  ring(): void {
    this.#rung = true;
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }

  /** Settles at the next ring, or after `ms`. */
  async wait(ms: number): Promise<void> {
    if (!this.#rung) {
      let timer: Timer | undefined;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        timer = after(ms, resolve);
      });
      timer?.cancel();
    }
    this.#rung = false;
    this.#wake = undefined;
  }
}
