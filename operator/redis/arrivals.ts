/** Waits for the next entry in any number of streams of one Redis, with one blocking read for all of them. */
import { backOffMs } from '../backoff.ts';
import type { Clock } from '../clock.ts';
import { type BlockingLink, interrupted } from './blocking-link.ts';
import { RedisFault, toFault } from './fault.ts';
import type { RedisLink } from './link.ts';
import { fieldsOf, items, streamReads, text } from './replies.ts';
import { compareIds } from './stream-id.ts';

/** A stream somebody waits for, and the last entry of it that was seen. */
export interface Awaited {
  readonly id: string;
  readonly stream: string;
  readonly after: string;
  /** The group that is to read it, where the stream has one. */
  readonly group?: string;
}

/** What the waiting works with; times in milliseconds. */
export interface ArrivalOptions {
  readonly clock: Clock;
  readonly control: RedisLink;
  readonly blocking: BlockingLink;
  /** How long one read may block: a server that vanished is noticed then [5000]. */
  readonly readMs?: number;
  /** An entry has come, after which the id waits no more. */
  came(id: string): void;
  /** The id waits no more although none came, or what it waits for may have changed: it has to be looked at. */
  doubted(id: string): void;
}

/** Streams that come together are taken up together. */
const gatherMs = 20;
/** Groups looked up for each read that may block: a server tells nobody that one was destroyed. */
const groupsPerRead = 20;
/** A server may be so late with the end of a blocked read. */
const graceMs = 1000;
const backOff = { initialMs: 100, maxMs: 2000 };
const sortPage = 200;

interface Waiting extends Awaited {
  /** It is taken up from then on, in milliseconds since 1970. */
  readonly from: number;
}

/** No entry is missed however often the read is begun anew: each stream is read from the entry that was seen last. */
export class Arrivals {
  readonly #options: ArrivalOptions;
  readonly #waiting = new Map<string, Waiting>();
  readonly #ended: Promise<void>;
  #failures = 0;
  #closed = false;
  #groupsSeenAt = Number.NEGATIVE_INFINITY;
  #wakeSleep: (() => void) | undefined;
  #gathering: { readonly due: number; readonly cancel: () => void } | undefined;

  constructor(options: ArrivalOptions) {
    this.#options = options;
    this.#ended = this.#run();
  }

  get size(): number {
    return this.#waiting.size;
  }

  /** Begins to wait, after `delayMs` or a moment later; an id that waits already goes on, unless its stream went back. */
  add(awaited: Awaited, delayMs = 0): void {
    const known = this.#waiting.get(awaited.id);
    const from = this.#options.clock.now() + delayMs;
    const goesOn = known?.stream === awaited.stream && compareIds(known.after, awaited.after) <= 0;
    if (goesOn && known.from <= from) return;
    this.#waiting.set(awaited.id, { ...awaited, from });
    this.#gather(Math.max(delayMs, gatherMs));
  }

  remove(id: string): void {
    this.#waiting.delete(id);
  }

  /** Settles when the loop has ended. */
  close(): Promise<void> {
    this.#closed = true;
    this.#gathering?.cancel();
    this.#wakeSleep?.();
    this.#options.blocking.close();
    return this.#ended;
  }

  /** A read that blocks does not know of what was added since: it is begun anew. */
  #gather(ms: number): void {
    const { clock } = this.#options;
    const due = clock.now() + ms;
    if (this.#gathering !== undefined && this.#gathering.due <= due) return;
    this.#gathering?.cancel();
    const cancel = clock.after(ms, () => {
      this.#gathering = undefined;
      this.#wakeSleep?.();
      this.#options.blocking.interrupt();
      const later = [...this.#waiting.values()].map(({ from }) => from - clock.now()).filter((wait) => wait > 0);
      if (later.length > 0) this.#gather(Math.min(...later));
    });
    this.#gathering = { due, cancel };
  }

  async #run(): Promise<void> {
    await this.#sleep(0); // the maker has not added the first stream yet
    while (!this.#closed) {
      try {
        await this.#turn();
      } catch (error) {
        await this.#recover(toFault(error, this.#options.control.target));
      }
    }
  }

  async #turn(): Promise<void> {
    const { blocking, readMs = 5000 } = this.#options;
    const positions = this.#positions();
    if (positions.size === 0) return this.#sleep(readMs);
    const reply = await blocking.command(
      readMs + graceMs,
      'XREAD',
      'COUNT',
      1,
      'BLOCK',
      readMs,
      'STREAMS',
      ...positions.keys(),
      ...positions.values(),
    );
    if (reply === interrupted) return;
    this.#take(reply);
    this.#healthy();
    await this.#seeGroups(readMs);
  }

  /** The earliest position per stream. */
  #positions(): Map<string, string> {
    const now = this.#options.clock.now();
    const positions = new Map<string, string>();
    for (const { stream, after, from } of this.#waiting.values()) {
      if (from > now) continue;
      const earliest = positions.get(stream);
      if (earliest === undefined || compareIds(after, earliest) < 0) positions.set(stream, after);
    }
    return positions;
  }

  #take(reply: unknown): void {
    const last = new Map(streamReads(reply).map(([stream, entries]) => [stream, entries.at(-1)?.id]));
    if (last.size === 0) return;
    for (const { id, stream, after } of [...this.#waiting.values()]) {
      const found = last.get(stream);
      if (found === undefined || compareIds(found, after) <= 0) continue;
      this.#waiting.delete(id);
      this.#options.came(id);
    }
  }

  /** What was read from may be another stream since, on another server. */
  #healthy(): void {
    if (this.#failures === 0) return;
    this.#failures = 0;
    for (const id of [...this.#waiting.keys()]) this.#options.doubted(id);
  }

  /** Whoever is behind a group that is gone has to be looked at; those that were looked up wait at the end of the line. */
  async #seeGroups(everyMs: number): Promise<void> {
    const now = this.#options.clock.now();
    if (now - this.#groupsSeenAt < everyMs) return;
    this.#groupsSeenAt = now;
    const turn = [...this.#waiting.values()].filter(({ group }) => group !== undefined).slice(0, groupsPerRead);
    if (turn.length === 0) return;
    const replies = await this.#options.control.pipeline(
      turn.map(({ stream }) => ['XINFO', 'GROUPS', stream] as const),
    );
    for (const [index, one] of turn.entries()) {
      if (this.#waiting.get(one.id) !== one) continue;
      this.#waiting.delete(one.id);
      this.#waiting.set(one.id, one);
      if (isWithout(replies[index], one.group)) this.#options.doubted(one.id);
    }
  }

  /** One stream that cannot be read fails the read of all: it is found by asking for each, and waited for no more. */
  async #recover(fault: RedisFault): Promise<void> {
    if (this.#closed) return;
    const isRefusal = fault.loss === undefined;
    if (isRefusal && await this.#sort().catch(() => false)) return;
    await this.#sleep(backOffMs(backOff, ++this.#failures));
  }

  /** @returns whether one was found that cannot be read */
  async #sort(): Promise<boolean> {
    const all = [...this.#waiting.values()];
    let found = false;
    for (let at = 0; at < all.length; at += sortPage) {
      const page = all.slice(at, at + sortPage);
      const replies = await this.#options.control.pipeline(
        page.map(({ stream, after }) => ['XREAD', 'COUNT', 1, 'STREAMS', stream, after] as const),
      );
      for (const [index, { id }] of page.entries()) {
        if (!(replies[index] instanceof RedisFault)) continue;
        found = true;
        this.#waiting.delete(id);
        this.#options.doubted(id);
      }
    }
    return found;
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        cancel();
        this.#wakeSleep = undefined;
        resolve();
      };
      const cancel = this.#options.clock.after(ms, wake);
      this.#wakeSleep = wake;
      if (this.#closed) wake();
    });
  }
}

/** A stream that is not there, or cannot be asked, is noticed in other ways. */
function isWithout(groups: unknown, group: string | undefined): boolean {
  return Array.isArray(groups) && !items(groups).some((info) => text(fieldsOf(info).get('name')) === group);
}
