/** Has long computations of many let in what comes from outside between two of them. */

/** Hands out turns of the event loop, one at a time and in their order. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  /** Settles in a turn of its own: whatever sockets and timers have to tell was heard after the turn before. */
  next(): Promise<unknown> {
    this.#last = this.#last.then(() => new Promise((resolve) => setImmediate(resolve)));
    return this.#last;
  }
}
