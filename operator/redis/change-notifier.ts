/** Tells about changes, per id at once and then at most once per interval. */
import type { Clock } from '../clock.ts';

interface Told {
  readonly at: number;
  /** Set while a later change waits to be told. */
  cancel?: () => void;
}

/** The first change is told at once; those that follow within the interval are told together at its end. */
export class ChangeNotifier {
  readonly #clock: Clock;
  readonly #intervalMs: number;
  readonly #tell: (id: string) => void;
  readonly #told = new Map<string, Told>();

  constructor(clock: Clock, intervalMs: number, tell: (id: string) => void) {
    this.#clock = clock;
    this.#intervalMs = intervalMs;
    this.#tell = tell;
  }

  changed(id: string): void {
    const told = this.#told.get(id);
    if (told?.cancel !== undefined) return;
    const wait = told === undefined ? 0 : told.at + this.#intervalMs - this.#clock.now();
    if (told === undefined || wait <= 0) this.#tellNow(id);
    else told.cancel = this.#clock.after(wait, () => this.#tellNow(id));
  }

  /** Drops what is known of the id; nothing is told of it any more. */
  forget(id: string): void {
    this.#told.get(id)?.cancel?.();
    this.#told.delete(id);
  }

  close(): void {
    for (const id of [...this.#told.keys()]) this.forget(id);
  }

  #tellNow(id: string): void {
    this.#told.set(id, { at: this.#clock.now() });
    this.#tell(id);
  }
}
