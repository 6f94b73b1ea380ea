/** One stream of a watch: cut into lines, and cut off when it is silent for too long or its time is over. */
import type { Clock } from '../../clock.ts';

/** What a stream may do. Times in ms. */
export interface LifeRules {
  readonly clock: Clock;
  /** Longest time without a byte. */
  readonly silenceMs: number;
  /** When the stream ends in any case, on the clock. */
  readonly endAt: number;
  /** Ends it too. */
  readonly signal: AbortSignal;
  /** Told when a line has come or the stream has stood for a second: an end before that is a failure. */
  readonly onGood: () => void;
}

const goodMs = 1000;

/** The timers of one stream. */
export class StreamLife {
  /** Aborted when the stream has to end. */
  readonly signal: AbortSignal;
  /** Why it was cut, if it was. */
  ended: 'RelistDue' | 'Silent' | undefined;
  wasGood = false;
  readonly #rules: LifeRules;
  readonly #controller = new AbortController();
  readonly #cancelEnd: () => void;
  #cancelSilence: () => void = () => undefined;
  #cancelGood: () => void = () => undefined;

  constructor(rules: LifeRules) {
    const { clock, endAt } = rules;
    this.#rules = rules;
    this.signal = AbortSignal.any([rules.signal, this.#controller.signal]);
    this.#cancelEnd = clock.after(Math.max(0, endAt - clock.now()), () => this.#cut('RelistDue'));
    this.#restartSilence();
  }

  /** Passes on the chunks of a stream that has just been opened; each is a sign of life. */
  async *watchOver(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
    this.#cancelGood = this.#rules.clock.after(goodMs, () => this.good());
    for await (const chunk of chunks) {
      this.#restartSilence();
      yield chunk;
    }
  }

  good(): void {
    this.wasGood = true;
    this.#rules.onGood();
  }

  /** Stops the timers, and the stream if it was left because of a bad line. */
  end(): void {
    this.#cancelEnd();
    this.#cancelSilence();
    this.#cancelGood();
    this.#controller.abort();
  }

  #restartSilence(): void {
    this.#cancelSilence();
    this.#cancelSilence = this.#rules.clock.after(this.#rules.silenceMs, () => this.#cut('Silent'));
  }

  #cut(why: 'RelistDue' | 'Silent'): void {
    this.ended = why;
    this.#controller.abort();
  }
}

/** Cuts a stream of bytes into lines; what follows the last line end is not a line. */
export async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder();
  const parts: string[] = [];
  for await (const chunk of chunks) {
    const [first = '', ...rest] = decoder.decode(chunk, { stream: true }).split('\n');
    parts.push(first);
    for (const part of rest) {
      const line = parts.splice(0).join('');
      if (line !== '') yield line;
      parts.push(part);
    }
  }
}
