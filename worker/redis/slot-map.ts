/** Who serves which slot of a Cluster, and what a node says when it is somebody else. Pure. */
import { formatHostPort, type HostPort } from '../../contract/host-port.ts';
import { itemsOf, textOf } from './replies.ts';
import { RedisError, type Reply } from './resp.ts';
import { slotCount, slotOf } from '../../contract/redis-slot.ts';

/** The owner of each slot, as one node has told it, corrected by what others say. */
export class SlotMap {
  readonly #owners: (HostPort | undefined)[];

  constructor(owners: readonly (HostPort | undefined)[] = []) {
    this.#owners = [...owners];
  }

  /** Undefined when nobody is known to serve the slot of `key`. */
  ownerOf(key: string): HostPort | undefined {
    return this.#owners[slotOf(key)];
  }

  /** A node says that a slot is somebody else's. */
  correct(slot: number, owner: HostPort): void {
    this.#owners[slot] = owner;
  }

  /** Every owner, none twice. */
  nodes(): HostPort[] {
    const nodes = new Map<string, HostPort>();
    for (const owner of new Set(this.#owners)) if (owner) nodes.set(formatHostPort(owner), owner);
    return [...nodes.values()];
  }
}

/**
 * Reads the reply of CLUSTER SLOTS.
 * @param asked the node that gave it, which may leave out its own name
 * @returns undefined when it tells of no slot
 */
export function readSlots(reply: Reply, asked: HostPort): SlotMap | undefined {
  const owners = new Array<HostPort | undefined>(slotCount);
  let known = false;
  for (const range of itemsOf(reply)) {
    const [from, to, master] = itemsOf(range);
    const [host, port] = itemsOf(master).map(textOf);
    const owner = nodeAt(host, port, asked);
    const [first, last] = [Number(textOf(from)), Number(textOf(to))];
    if (owner === undefined || !(first >= 0 && last < slotCount)) continue;
    for (let slot = first; slot <= last; slot++) owners[slot] = owner;
    known ||= first <= last;
  }
  return known ? new SlotMap(owners) : undefined;
}

/** Where a command has to go instead. */
export interface Redirection {
  /** `Moved`: for good; `Ask`: this once, while the slot is on its way. */
  readonly kind: 'Moved' | 'Ask';
  readonly slot: number;
  readonly server: HostPort;
}

/** The redirection an error tells of; undefined when it tells of none. */
export function redirectionIn(error: unknown, asked: HostPort): Redirection | undefined {
  if (!(error instanceof RedisError)) return undefined;
  const [, code, slot, host, port] = /^(MOVED|ASK) (\d{1,5}) (.*):(\d{1,5})$/.exec(error.message) ?? [];
  const server = code === undefined ? undefined : nodeAt(host, port, asked);
  if (server === undefined || Number(slot) >= slotCount) return undefined;
  return { kind: code === 'MOVED' ? 'Moved' : 'Ask', slot: Number(slot), server };
}

/** A node that does not know its own name leaves it out, or says `?`: it is where it was asked. */
function nodeAt(host: string | undefined, port: string | undefined, asked: HostPort): HostPort | undefined {
  const number = Number(port);
  if (!(number > 0 && number < 65_536)) return undefined;
  return { host: host === undefined || host === '' || host === '?' ? asked.host : host, port: number };
}
