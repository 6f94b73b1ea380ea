/** Who serves which slot of a Cluster, and what a node says when it is somebody else. Pure. */
import { formatHostPort, type HostPort } from '../../contract/host-port.ts';
import { slotCount, slotOf } from '../../contract/redis-slot.ts';
import type { RedisFault } from './fault.ts';
import { type Asked, nodesOfSlots, serverOf } from './members.ts';
import { items, number } from './replies.ts';

interface SlotRange {
  readonly from: number;
  readonly to: number;
  readonly owner: HostPort;
}

/** The owners of the slots, as one node has told them, corrected by what others say. */
export class SlotMap {
  readonly #ranges: readonly SlotRange[];
  readonly #corrections = new Map<number, HostPort>();
  /** Every server that was told of, replicas too, none twice. */
  readonly servers: readonly HostPort[];

  /** @param reply of `CLUSTER SLOTS`; anything else gives a map of nothing */
  constructor(reply: unknown, asked: Asked) {
    this.#ranges = items(reply).flatMap((range) => {
      const [from, to] = items(range).map(number);
      const [owner] = nodesOfSlots([range], asked);
      return owner === undefined || from === undefined || to === undefined ? [] : [{ from, to, owner }];
    });
    this.servers = [...new Map(nodesOfSlots(reply, asked).map((node) => [formatHostPort(node), node])).values()];
  }

  /** Undefined when nobody is known to serve the slot of `key`. */
  ownerOf(key: string): HostPort | undefined {
    const slot = slotOf(key);
    return this.#corrections.get(slot) ?? this.#ranges.find(({ from, to }) => from <= slot && slot <= to)?.owner;
  }

  /** A node says that a slot is somebody else's. */
  correct(slot: number, owner: HostPort): void {
    this.#corrections.set(slot, owner);
  }
}

/** Where a command has to go instead. */
export interface Redirection {
  /** `Moved`: for good; `Ask`: this once, while the slot is on its way. */
  readonly kind: 'Moved' | 'Ask';
  readonly slot: number;
  readonly server: HostPort;
}

/** The redirection a fault tells of; undefined when it tells of none. */
export function redirectionIn(fault: RedisFault, asked: Asked): Redirection | undefined {
  const [, code, slot, host = '', port] = fault.match(/^(MOVED|ASK) (\d{1,5}) (.*):(\d{1,5})$/) ?? [];
  if (code === undefined || Number(slot) >= slotCount) return undefined;
  const [server] = serverOf(host, port, asked);
  return server && { kind: code === 'MOVED' ? 'Moved' : 'Ask', slot: Number(slot), server };
}
