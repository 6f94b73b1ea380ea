/** First in, first out: as a list is, but that taking out the first moves nothing, however many wait behind it. */
export class Queue<Item> {
  #items: Item[] = [];
  /** Those before are out. */
  #first = 0;

  get length(): number {
    return this.#items.length - this.#first;
  }

  push(item: Item): void {
    this.#items.push(item);
  }

  /** Takes out the first; undefined when there is none. */
  shift(): Item | undefined {
    const item = this.#items[this.#first];
    if (item === undefined) return undefined;
    this.#first++;
    if (this.#first === this.#items.length || this.#first === worthMoving) this.#moveUp();
    return item;
  }

  /** Takes out one wherever it is. */
  remove(item: Item): void {
    this.#moveUp();
    this.#items = this.#items.filter((one) => one !== item);
  }

  #moveUp(): void {
    this.#items = this.#items.slice(this.#first);
    this.#first = 0;
  }
}

/** Items that are out, from which on it is worth it to move the others up. */
const worthMoving = 1024;
