/** The latest lines of the pods of a session, for whoever asks later or in another terminal. */
import { z } from 'zod';

export const podLine = z.object({
  /** Counted over the session. */
  number: z.number(),
  pod: z.string(),
  line: z.string(),
});

/** A line a pod has printed. */
export type PodLine = z.infer<typeof podLine>;

const most = 5000;
const longest = 16 * 1024;

/** Forgets the oldest. */
export class KeptLines {
  readonly #lines: PodLine[] = [];
  #number = 0;

  add(pod: string, line: string): void {
    this.#number += 1;
    this.#lines.push({ number: this.#number, pod, line: line.slice(0, longest) });
    if (this.#lines.length > most) this.#lines.shift();
  }

  /** Those behind the one with this number. */
  after(number: number): readonly PodLine[] {
    const from = this.#lines.findIndex((one) => one.number > number);
    return from < 0 ? [] : this.#lines.slice(from);
  }
}
