/** Which entry ids are held. */
import { isEarlier } from './entry.ts';

/**
 * Entries come in the order of their ids, so that one above all others cannot be here and nothing is looked up.
 * The ids are kept by name only from the moment one comes again, after an outage or out of the backlog, until the
 * next one comes that is above all others.
 */
export class HeldIds {
  #newest = '0-0';
  #newestDash = 1;
  #index: Set<string> | undefined;

  /** Takes an id in; true when it is above all others so far. */
  isNewest(id: string): boolean {
    const dash = id.indexOf('-');
    // Texts with as many digits on both sides are in the order of their numbers: no number is made for each request.
    const isAlike = id.length === this.#newest.length && dash === this.#newestDash;
    if (!(isAlike ? id > this.#newest : isEarlier(this.#newest, id))) return false;
    this.#newest = id;
    this.#newestDash = dash;
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
