/** Time in which the process stood still: frozen, or kept busy by code that never yields. Nobody's handler could run. */

/** A sweep that much too late was not merely held up by other work, in ms. */
const noticeableMs = 1000;
/** Sweeps in a row that have to be on time before: else a handler that keeps the process busy again and again would never be over time. */
const steadySweeps = 10;

/** Watches the sweeps, which come every `everyMs` while the process runs. */
export class Standstill {
  readonly #everyMs: number;
  #lastMs: number;
  #onTime = 0;

  /** @param nowMs of a clock that never jumps */
  constructor(everyMs: number, nowMs: number) {
    this.#everyMs = everyMs;
    this.#lastMs = nowMs;
  }

  /** Milliseconds the process stood still before this sweep. 0 when it ran, more or less. */
  sweep(nowMs: number): number {
    const lateMs = nowMs - this.#lastMs - this.#everyMs;
    this.#lastMs = nowMs;
    if (lateMs < noticeableMs) {
      this.#onTime++;
      return 0;
    }
    const wasSteady = this.#onTime >= steadySweeps;
    this.#onTime = 0;
    return wasSteady ? lateMs : 0;
  }
}
