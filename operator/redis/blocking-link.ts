/** A connection for one blocking read at a time, with a deadline of its own and a way to break it off. */
import type { Redis } from 'ioredis';
import type { Clock } from '../clock.ts';
import { openClient } from './client.ts';
import { type RedisFault, silence, toFault } from './fault.ts';
import type { Command } from './link.ts';
import type { RedisTarget } from './target.ts';

/** The read was broken off by {@link BlockingLink.interrupt}. */
export const interrupted = Symbol('interrupted');

/**
 * Nothing else may wait behind a blocked read, so nobody shares this link. A server that vanished
 * would leave the read pending for ever: past its deadline the socket is dropped.
 */
export class BlockingLink {
  readonly #target: RedisTarget;
  readonly #clock: Clock;
  readonly #connectMs: number;
  readonly #onOpenChange: (link: BlockingLink, open: boolean) => void;
  #client: Redis | undefined;
  #running: AbortController | undefined;

  constructor(
    target: RedisTarget,
    clock: Clock,
    connectMs: number,
    onOpenChange: (link: BlockingLink, open: boolean) => void,
  ) {
    this.#target = target;
    this.#clock = clock;
    this.#connectMs = connectMs;
    this.#onOpenChange = onOpenChange;
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
      const client = await Promise.race([this.#open(abort.signal), broken]);
      if (client === interrupted) return interrupted;
      return await Promise.race([this.#answer(client, deadlineMs, command), broken]);
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
    this.#client?.disconnect();
    this.#client = undefined;
    this.#onOpenChange(this, false);
  }

  async #open(signal: AbortSignal): Promise<Redis> {
    if (this.#client?.status === 'ready') return this.#client;
    const client = await openClient(this.#target, { connectMs: this.#connectMs });
    if (signal.aborted) {
      client.disconnect();
    } else {
      this.#client = client;
      this.#onOpenChange(this, true);
    }
    return client;
  }

  async #answer(client: Redis, deadlineMs: number, command: Command): Promise<unknown> {
    let late: RedisFault | undefined;
    const cancel = this.#clock.after(deadlineMs, () => {
      late = silence(this.#target);
      client.disconnect();
    });
    try {
      return await client.call(...command);
    } catch (error) {
      if (this.#client === client && client.status !== 'ready') this.#client = undefined;
      throw toFault(late ?? error, this.#target);
    } finally {
      cancel();
    }
  }
}
