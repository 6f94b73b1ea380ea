/** Things that come one by one, and cost less together. */
import { pause } from '../pod/timers.ts';

interface Waiting<Item, Result> {
  readonly item: Item;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

/** Sends what comes within a moment at once, and one sending after the other. */
export class Batch<Item, Result> {
  readonly #send: (items: readonly Item[]) => Promise<readonly Result[]>;
  readonly #most: number;
  readonly #momentMs: number;
  #waiting: Waiting<Item, Result>[] = [];
  #sending = false;

  /** @param send gives a result for each item, in their order */
  constructor(
    send: (items: readonly Item[]) => Promise<readonly Result[]>,
    { most, momentMs }: { readonly most: number; readonly momentMs: number },
  ) {
    this.#send = send;
    this.#most = most;
    this.#momentMs = momentMs;
  }

  /** Sends an item with others. @throws what the sending of all of them threw */
  add(item: Item): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, resolve, reject });
      void this.#sendAll();
    });
  }

  async #sendAll(): Promise<void> {
    if (this.#sending) return;
    this.#sending = true;
    while (this.#waiting.length > 0) {
      await pause(this.#momentMs);
      const now = this.#waiting.splice(0, this.#most);
      try {
        const results = await this.#send(now.map(({ item }) => item));
        now.forEach(({ resolve }, at) => resolve(results[at] as Result));
      } catch (error) {
        for (const { reject } of now) reject(error);
      }
    }
    this.#sending = false;
  }
}
