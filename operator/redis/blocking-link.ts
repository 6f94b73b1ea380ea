/** A connection for one blocking read at a time, with a deadline of its own and a way to break it off. */
import type { Redis } from 'ioredis';
import type { HostPort } from '../../contract/host-port.ts';
import type { Clock } from '../clock.ts';
import { openClient, serverOfClient } from './client.ts';
import type { Command } from './command-key.ts';
import { type RedisFault, silence, toFault } from './fault.ts';
import type { RedisTarget } from './target.ts';

/** The read was broken off by {@link BlockingLink.interrupt}. */
export const interrupted = Symbol('interrupted');

/** The server said that what is read lies elsewhere by now. */
const moved = Symbol('moved');

/** How often one read goes after what has moved before the fault is told. */
const maxMoves = 5;

/** Where the link leads to, asked for each connection. */
export interface Whereabouts {
  /** @throws RedisFault */
  find(): Promise<RedisTarget>;
  /** @returns whether the fault says that it is another server by now, which is found from then on */
  follow(fault: RedisFault, asked: HostPort): boolean;
}

/** What a link is made of; times in milliseconds. */
export interface BlockingOptions {
  readonly clock: Clock;
  readonly connectMs: number;
  readonly onOpenChange: (link: BlockingLink, open: boolean) => void;
}

interface Connection {
  readonly client: Redis;
  readonly target: RedisTarget;
}

/**
 * Nothing else may wait behind a blocked read, so nobody shares this link. A server that vanished
 * would leave the read pending for ever: past its deadline the socket is dropped.
 */
export class BlockingLink {
  readonly #whereabouts: Whereabouts;
  readonly #options: BlockingOptions;
  #connection: Connection | undefined;
  #running: AbortController | undefined;

  constructor(whereabouts: Whereabouts, options: BlockingOptions) {
    this.#whereabouts = whereabouts;
    this.#options = options;
  }

  /**
   * Runs a command that may block for up to `deadlineMs`.
   * @returns the reply, or {@link interrupted}
   * @throws RedisFault; the next command opens another socket
   */
  async command(deadlineMs: number, ...command: Command): Promise<unknown> {
    const abort = new AbortController();
    this.#running = abort;
    const broken = new Promise<typeof interrupted>((resolve) => {
      abort.signal.addEventListener('abort', () => resolve(interrupted));
    });
    try {
      for (let moves = 0;; moves++) {
        const connection = await Promise.race([this.#open(abort.signal), broken]);
        if (connection === interrupted) return interrupted;
        const reply = await Promise.race([this.#answer(connection, deadlineMs, command, moves < maxMoves), broken]);
        if (reply !== moved) return reply;
      }
    } finally {
      if (this.#running === abort) this.#running = undefined;
    }
  }

  /** Breaks off the running command, if any, by dropping the socket: no right to CLIENT UNBLOCK is needed, and no race with the block. */
  interrupt(): void {
    if (this.#running !== undefined) this.close();
  }

  /** Drops the socket, and breaks off the running command. */
  close(): void {
    this.#running?.abort();
    this.#drop();
  }

  /** Where the socket leads to; undefined while there is none. */
  get server(): HostPort | undefined {
    return this.#connection?.client.status === 'ready' ? serverOfClient(this.#connection.client) : undefined;
  }

  /** Drops the socket as if the server had closed it: the read under way fails. */
  lose(): void {
    this.#connection?.client.disconnect();
  }

  #drop(): void {
    this.#connection?.client.disconnect();
    this.#connection = undefined;
    this.#options.onOpenChange(this, false);
  }

  async #open(signal: AbortSignal): Promise<Connection> {
    if (this.#connection?.client.status === 'ready') return this.#connection;
    const target = await this.#whereabouts.find();
    const connection = { target, client: await openClient(target, { connectMs: this.#options.connectMs }) };
    if (signal.aborted) {
      connection.client.disconnect();
    } else {
      this.#connection = connection;
      this.#options.onOpenChange(this, true);
    }
    return connection;
  }

  async #answer(
    connection: Connection,
    deadlineMs: number,
    command: Command,
    mayFollow: boolean,
  ): Promise<unknown> {
    const { client, target } = connection;
    let late: RedisFault | undefined;
    const cancel = this.#options.clock.after(deadlineMs, () => {
      late = silence(target);
      client.disconnect();
    });
    try {
      return await client.call(...command);
    } catch (error) {
      const fault = toFault(late ?? error, target);
      const follows = this.#whereabouts.follow(fault, target.hosts[0]);
      if (this.#connection === connection && (follows || client.status !== 'ready')) this.#drop();
      if (follows && mayFollow) return moved;
      throw fault;
    } finally {
      cancel();
    }
  }
}
