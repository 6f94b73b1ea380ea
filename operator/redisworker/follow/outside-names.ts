/** What each worker's policy opens for names outside the cluster, and what is to be said about it. */
import type { Clock } from '../../clock.ts';
import type { LookUp } from '../../dns/lookup.ts';
import { AddressBook } from '../network/outside-names/address-book.ts';
import { graceMs } from '../network/outside-names/held-name.ts';
import { currentAddresses, maxPerName, notesOf, type Remembered } from '../network/outside-names/current.ts';
import { lagsBehind, publish, type Published, restMs } from '../network/outside-names/published.ts';

/** Names outside as a worker sees them. */
export interface OutsideView {
  addresses(host: string): readonly string[];
  /** Half sentences about the addresses; none when all is well. */
  notes(host: string): readonly string[];
  readonly published: Published;
}

interface Worker {
  published: Published;
  /** What the policies said when this process first looked at the worker. */
  readonly remembered: ReadonlyMap<string, Remembered>;
  /** DNS says something else than what is published, and that is not due yet. */
  lags: boolean;
  cancel: () => void;
}

/** Milliseconds a first look waits for DNS, so that a new policy is not written twice. */
const firstAnswersMs = 2_000;
/** Nobody waits for so long after a wait in vain: a DNS that is down must not hold up the workers one by one. */
const impatientMs = 30_000;

/** One for all workers. Only a leader has one: it asks DNS from the first look at a worker on. */
export class OutsideNames {
  readonly #book: AddressBook;
  readonly #clock: Clock;
  readonly #enqueue: (worker: string) => void;
  readonly #workers = new Map<string, Worker>();
  #impatientUntil = 0;

  constructor({ lookUp, clock, enqueue }: { lookUp: LookUp; clock: Clock; enqueue: (worker: string) => void }) {
    this.#clock = clock;
    this.#enqueue = enqueue;
    this.#book = new AddressBook({ lookUp, clock, onChange: (users) => [...users].forEach(enqueue) });
  }

  /**
   * The view of a worker on exactly these names; what nobody has asked for yet is asked.
   * @param remembered what the live policies of the worker say; asked for at the first look alone
   */
  async look(key: string, hosts: readonly string[], remembered: () => Published): Promise<OutsideView> {
    const worker = this.#workers.get(key) ?? this.#begin(key, remembered());
    if (hosts.some((host) => this.#book.held(host).refreshAt === 0)) await this.#firstAnswers(hosts);
    const now = this.#clock.now();
    const cap = maxPerName(hosts.length);
    const current = new Map(
      hosts.map((host) => [host, currentAddresses(this.#book.held(host), worker.remembered.get(host), cap, now)]),
    );
    worker.published = publish(worker.published, current, now);
    worker.lags = lagsBehind(worker.published, current);
    return viewOf(worker.published, new Map(hosts.map((host) => [host, notesOf(this.#book.held(host), cap)])));
  }

  /** Keeps exactly these names up to date for a worker, and has it looked at again when a change is due. */
  keep(key: string, hosts: readonly string[]): void {
    this.#book.use(key, hosts);
    const worker = this.#workers.get(key);
    if (!worker) return;
    worker.cancel();
    worker.cancel = worker.lags
      ? this.#clock.after(worker.published.movedAt + restMs - this.#clock.now(), () => this.#enqueue(key))
      : () => undefined;
  }

  /** The worker is gone. */
  forget(key: string): void {
    this.#book.use(key, []);
    this.#workers.get(key)?.cancel();
    this.#workers.delete(key);
  }

  /** Ends all timers. */
  close(): void {
    this.#book.close();
    for (const { cancel } of this.#workers.values()) cancel();
    this.#workers.clear();
  }

  #begin(key: string, published: Published): Worker {
    const keepUntil = this.#clock.now() + graceMs;
    const remembered = new Map([...published.names].map(([host, addresses]) => [host, { addresses, keepUntil }]));
    const worker: Worker = { published, remembered, lags: false, cancel: () => undefined };
    this.#workers.set(key, worker);
    return worker;
  }

  async #firstAnswers(hosts: readonly string[]): Promise<void> {
    if (this.#clock.now() < this.#impatientUntil) return void this.#book.ask(hosts);
    const deadline = Promise.withResolvers<undefined>();
    const cancel = this.#clock.after(firstAnswersMs, () => {
      this.#impatientUntil = this.#clock.now() + impatientMs;
      deadline.resolve(undefined);
    });
    await Promise.race([this.#book.ask(hosts), deadline.promise]);
    cancel();
  }
}

function viewOf(published: Published, notes: ReadonlyMap<string, readonly string[]>): OutsideView {
  return {
    published,
    addresses: (host) => published.names.get(host) ?? [],
    notes: (host) => notes.get(host) ?? [],
  };
}
