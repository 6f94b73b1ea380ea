/** The addresses of all names outside the cluster that workers use, kept up to date; each name is asked for once. */
import type { Clock } from '../../../clock.ts';
import type { LookUp } from '../../../dns/lookup.ts';
import { afterAnswer, differs, type HeldName, unasked } from './held-name.ts';

/** What a book needs. */
export interface AddressBookOptions {
  readonly lookUp: LookUp;
  readonly clock: Clock;
  /** Told when a name's addresses changed, or what is to be said about them. */
  readonly onChange: (users: Iterable<string>) => void;
}

interface Entry {
  held: HeldName;
  readonly users: Set<string>;
  readonly answered: Promise<void>;
  cancel: () => void;
}

/** Asks for a name again when its time is up, for as long as somebody uses it. */
export class AddressBook {
  readonly #options: AddressBookOptions;
  readonly #entries = new Map<string, Entry>();

  constructor(options: AddressBookOptions) {
    this.#options = options;
  }

  /** Asks for those of the names that nobody has asked for yet; settles once each has been answered. */
  async ask(hosts: readonly string[]): Promise<void> {
    await Promise.all(hosts.map((host) => (this.#entries.get(host) ?? this.#begin(host)).answered));
  }

  /** Keeps exactly these names up to date for a user. */
  use(user: string, hosts: readonly string[]): void {
    const wanted = new Set(hosts);
    for (const host of wanted) (this.#entries.get(host) ?? this.#begin(host)).users.add(user);
    for (const [host, entry] of this.#entries) {
      if (wanted.has(host) || !entry.users.delete(user) || entry.users.size > 0) continue;
      this.#end(host, entry);
    }
  }

  held(host: string): HeldName {
    return this.#entries.get(host)?.held ?? unasked;
  }

  /** Ends all timers; answers under way are dropped. */
  close(): void {
    for (const [host, entry] of this.#entries) this.#end(host, entry);
  }

  #begin(host: string): Entry {
    const first = Promise.withResolvers<undefined>();
    const entry: Entry = { held: unasked, users: new Set(), answered: first.promise, cancel: () => undefined };
    this.#entries.set(host, entry);
    void this.#ask(host, entry).finally(() => first.resolve(undefined));
    return entry;
  }

  #end(host: string, entry: Entry): void {
    entry.cancel();
    this.#entries.delete(host);
  }

  async #ask(host: string, entry: Entry): Promise<void> {
    const { lookUp, clock, onChange } = this.#options;
    const answer = await lookUp(host);
    if (this.#entries.get(host) !== entry) return;
    const before = entry.held;
    entry.held = afterAnswer(before, answer, clock.now());
    entry.cancel = clock.after(entry.held.refreshAt - clock.now(), () => {
      if (entry.users.size > 0) void this.#ask(host, entry);
      else this.#end(host, entry); // whoever asked did not go on to use it
    });
    if (differs(before, entry.held)) onChange(entry.users);
  }
}
