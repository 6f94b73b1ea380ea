/** Deadlines of calls that nearly all end in time: one timer watches over all, and none is touched when a call ends. */
import { after, type Timer } from '../pod/timers.ts';

/** Something that is to end by a time of `performance.now()`. */
export interface Due {
  readonly dueMs: number;
}

/** Looks at what is open when the first of it is due. */
export class Deadlines<Item extends Due> {
  readonly #open: () => readonly Item[];
  readonly #over: (item: Item) => void;
  #timer: Timer | undefined;
  #looksAt = Infinity;

  /**
   * @param open what has not ended
   * @param over is told of each that has not at its time, again and again until it is not open, or due later
   */
  constructor(open: () => readonly Item[], over: (item: Item) => void) {
    this.#open = open;
    this.#over = over;
  }

  /** Sees to it that there is a look when this one is due. */
  watch({ dueMs }: Due): void {
    if (dueMs >= this.#looksAt) return;
    this.#timer?.cancel();
    this.#looksAt = dueMs;
    this.#timer = after(Math.max(0, dueMs - performance.now()), () => this.#look());
  }

  /** Nothing is watched any more. */
  end(): void {
    this.#timer?.cancel();
    this.#looksAt = Infinity;
  }

  #look(): void {
    this.#looksAt = Infinity;
    const now = performance.now();
    for (const item of this.#open().filter(({ dueMs }) => dueMs <= now)) this.#over(item);
    for (const item of this.#open()) this.watch(item);
  }
}
