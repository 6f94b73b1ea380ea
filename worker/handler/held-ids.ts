/** Which entry ids are held. */

/**
 * Entries come in the order of their ids, so that one above all others cannot be here and nothing is looked up.
 * The ids are kept by name only from the moment one comes again, after an outage or out of the backlog, until the
 * next one comes that is above all others.
 */
export class HeldIds {
  #newestMs = -1;
  #newestSequence = -1;
  #index: Set<string> | undefined;

  /** Takes an id in; true when it is above all others so far. */
  isNewest(id: string): boolean {
    const dash = id.indexOf('-');
    const ms = Number(id.slice(0, dash));
    const sequence = Number(id.slice(dash + 1));
    if (ms < this.#newestMs || (ms === this.#newestMs && sequence <= this.#newestSequence)) return false;
    this.#newestMs = ms;
    this.#newestSequence = sequence;
    this.#index = undefined;
    return true;
  }

  /** @param all every id that is held, asked for only when it has to be looked through */
  has(id: string, all: () => Iterable<string>): boolean {
    return (this.#index ??= new Set(all())).has(id);
  }

  add(id: string): void {
    this.#index?.add(id);
  }

  drop(id: string): void {
    this.#index?.delete(id);
  }
}
