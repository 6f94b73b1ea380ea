/** The link to a Cluster: each command goes to the node that has its key, and after the key when that has moved. */
import { formatHostPort, type HostPort } from '../../contract/host-port.ts';
import { slotOf } from '../../contract/redis-slot.ts';
import { type Redirection, redirectionIn, SlotMap } from './cluster-slots.ts';
import { type Command, keyOf } from './command-key.ts';
import { mostTelling, RedisFault, toFault } from './fault.ts';
import { type LinkOptions, type RedisLink, runScript, ServerLink } from './link.ts';
import { type RedisTarget, serverTarget } from './target.ts';
import type { TrackingListener } from './tracking.ts';

/** How often one command is sent somewhere else before its fault is told. */
const maxRedirections = 5;

/** A server that leads to ever new ones is no Cluster. */
const maxNodes = 512;

/** What {@link ClusterLink} tells of itself. */
export interface ClusterLinkEvents {
  /** The sockets to all nodes are closed, because nobody used them. */
  onIdle(link: ClusterLink): void;
}

interface Place {
  readonly server: HostPort;
  /** The server has the key before the slot is its own, and has to be told that we know. */
  readonly asking: boolean;
}

/** Its nodes are servers with links of their own, so that all bounds of those hold. */
export class ClusterLink implements RedisLink {
  readonly target: RedisTarget;
  readonly #options: LinkOptions;
  readonly #nodes = new Map<string, ServerLink>();
  /** With what takes each away from a node again. */
  readonly #listeners = new Map<TrackingListener, (() => void)[]>();
  #map: SlotMap | undefined;
  #mapping: Promise<SlotMap> | undefined;

  constructor(target: RedisTarget, options: LinkOptions, events: ClusterLinkEvents) {
    this.target = target;
    this.#options = {
      ...options,
      onIdle: (node) => {
        options.onIdle(node);
        this.#nodes.delete(this.#nameOf(node));
        if (this.#nodes.size === 0) events.onIdle(this);
      },
    };
  }

  command(...command: Command): Promise<unknown> {
    return this.#routed(keyOf(command), async (node, asking) => {
      if (!asking) return await node.command(...command);
      const [, reply] = await node.pipeline([['ASKING'], command]);
      if (reply instanceof RedisFault) throw reply;
      return reply;
    });
  }

  bytes(...command: Command): Promise<unknown> {
    return this.#routed(keyOf(command), (node) => node.bytes(...command));
  }

  /** Commands without a key go with the first that has one. */
  async pipeline(commands: readonly Command[]): Promise<unknown[]> {
    const first = commands.map(keyOf).find((key) => key !== undefined);
    const bySlot = Map.groupBy(commands.keys(), (at) => {
      const key = keyOf(commands[at] as Command) ?? first;
      return key === undefined ? undefined : slotOf(key);
    });
    const replies = new Array<unknown>(commands.length);
    await Promise.all([...bySlot.values()].map(async (group) => {
      const part = group.map((at) => commands[at] as Command);
      const key = part.map(keyOf).find((one) => one !== undefined) ?? first;
      const answers = await this.#routed(key, (node) => node.pipeline(part));
      for (const [index, at] of group.entries()) {
        replies[at] = await this.#followed(part[index] as Command, answers[index]);
      }
    }));
    return replies;
  }

  script(...script: Parameters<RedisLink['script']>): Promise<unknown> {
    return runScript(this, ...script);
  }

  /** @throws RedisFault when no node tells of the others */
  async servers(): Promise<readonly RedisLink[]> {
    const { servers } = await this.#remap();
    return (servers.length > 0 ? servers : this.target.hosts).map((server) => this.#node(server));
  }

  /** Whether every node tells that was asked for a key. */
  get isTold(): boolean {
    return this.#nodes.size > 0 && [...this.#nodes.values()].every((node) => node.isTold);
  }

  track(listener: TrackingListener): () => void {
    this.#listeners.set(listener, [...this.#nodes.values()].map((node) => node.track(listener)));
    return () => {
      for (const end of this.#listeners.get(listener) ?? []) end();
      this.#listeners.delete(listener);
    };
  }

  /** The node that has the key, as a Redis of its own. @throws RedisFault */
  async ownerOf(key: string): Promise<RedisTarget> {
    const { server } = await this.#placeOf(key);
    return serverTarget(this.target, server);
  }

  /** Takes to heart what the node said that was asked for a key. @returns whether it has moved elsewhere for good */
  follow(fault: RedisFault, asked: HostPort): boolean {
    const redirection = redirectionIn(fault, this.#asked(asked));
    if (redirection?.kind !== 'Moved') return false;
    this.#correct(redirection);
    return true;
  }

  close(): void {
    for (const [listener, ends] of this.#listeners) {
      for (const end of ends.splice(0)) end();
      listener.doubted();
    }
    for (const node of this.#nodes.values()) node.close();
    this.#nodes.clear();
    this.#map = undefined;
  }

  async #routed<T>(
    key: string | undefined,
    send: (node: ServerLink, asking: boolean) => Promise<T>,
  ): Promise<T> {
    let place = await this.#placeOf(key);
    for (let redirections = 0;; redirections++) {
      try {
        return await send(this.#node(place.server), place.asking);
      } catch (error) {
        const fault = toFault(error, this.target);
        const other = redirections < maxRedirections ? await this.#elsewhere(fault, place.server, key) : undefined;
        if (other === undefined) throw fault;
        place = other;
      }
    }
  }

  /** A refusal stays at its place, unless it says where to go. */
  async #followed(command: Command, answer: unknown): Promise<unknown> {
    if (!(answer instanceof RedisFault) || answer.match(/^(MOVED|ASK) /) === null) return answer;
    try {
      return await this.command(...command);
    } catch (error) {
      const fault = toFault(error, this.target);
      if (fault.loss !== undefined) throw fault;
      return fault;
    }
  }

  async #placeOf(key: string | undefined): Promise<Place> {
    const map = this.#map ?? await this.#remap();
    const owner = key === undefined ? undefined : map.ownerOf(key);
    return { server: owner ?? map.servers[0] ?? this.target.hosts[0], asking: false };
  }

  /** Where to try again after a fault; undefined when nowhere else is better. */
  async #elsewhere(fault: RedisFault, asked: HostPort, key: string | undefined): Promise<Place | undefined> {
    const redirection = redirectionIn(fault, this.#asked(asked));
    if (redirection) {
      if (redirection.kind === 'Moved') this.#correct(redirection);
      return { server: redirection.server, asking: redirection.kind === 'Ask' };
    }
    if (fault.loss === undefined) return undefined;
    this.#options.onMoved(this.target);
    const map = await this.#remap(asked).catch(() => undefined);
    if (map === undefined) return undefined;
    const owner = key === undefined ? undefined : map.ownerOf(key);
    const server = owner ?? [...map.servers, ...this.target.hosts].find((one) => !isSame(one, asked));
    return server === undefined || isSame(server, asked) ? undefined : { server, asking: false };
  }

  #correct({ slot, server }: Redirection): void {
    this.#map?.correct(slot, server);
    this.#options.onMoved(this.target);
  }

  /** Those who ask together get one answer. @param lost a node that does not answer */
  #remap(lost?: HostPort): Promise<SlotMap> {
    this.#mapping ??= this.#askForMap(lost).finally(() => (this.#mapping = undefined));
    return this.#mapping;
  }

  async #askForMap(lost: HostPort | undefined): Promise<SlotMap> {
    const { clock, commandMs } = this.#options;
    const end = clock.now() + commandMs;
    const known = [...this.#map?.servers ?? [], ...this.target.hosts];
    const servers = [...new Map(known.map((server) => [formatHostPort(server), server])).values()];
    const faults: RedisFault[] = [];
    for (const server of servers.filter((one) => lost === undefined || !isSame(one, lost))) {
      if (faults.length > 0 && clock.now() >= end) break;
      try {
        return this.#map = new SlotMap(await this.#slotsOf(server), this.#asked(server));
      } catch (error) {
        faults.push(toFault(error, this.target));
      }
    }
    throw mostTelling(faults)?.of(this.target) ?? new RedisFault('RedisUnreachable', '', this.target, 'closed');
  }

  /** A user that may not ask is led to every key by the nodes themselves. */
  async #slotsOf(server: HostPort): Promise<unknown> {
    try {
      return await this.#node(server).command('CLUSTER', 'SLOTS');
    } catch (error) {
      if (error instanceof RedisFault && error.code === 'RedisNoPermission') return [];
      throw error;
    }
  }

  #node(server: HostPort): ServerLink {
    const name = formatHostPort(server);
    const known = this.#nodes.get(name);
    if (known) return known;
    if (this.#nodes.size >= maxNodes) this.close();
    const node = new ServerLink(serverTarget(this.target, server), this.#options);
    this.#nodes.set(name, node);
    for (const [listener, ends] of this.#listeners) ends.push(node.track(listener));
    return node;
  }

  #nameOf({ target: { hosts: [server] } }: ServerLink): string {
    return formatHostPort(server);
  }

  #asked({ host }: HostPort): { host: string; tls: boolean } {
    return { host, tls: this.target.tls !== undefined };
  }
}

function isSame(one: HostPort, other: HostPort): boolean {
  return formatHostPort(one) === formatHostPort(other);
}
