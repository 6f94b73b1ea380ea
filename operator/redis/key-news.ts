/** What a link tells of the keys that were read on it, for as long as somebody listens. */
import type { Redis } from 'ioredis';
import type { Clock } from '../clock.ts';
import { RedisFault } from './fault.ts';
import type { RedisTarget } from './target.ts';
import { track, type Tracking, type TrackingListener } from './tracking.ts';

/** What is needed beside a connection; times in milliseconds. */
export interface KeyNewsOptions {
  readonly clock: Clock;
  readonly commandMs: number;
  /** Asks something over the link, which opens a connection when there is none. */
  readonly ask: () => Promise<unknown>;
}

/** A server that has gone silent is missed after this long. */
const beatMs = 5000;

/** Belongs to one link, and follows it from connection to connection. */
export class KeyNews {
  readonly #target: RedisTarget;
  readonly #options: KeyNewsOptions;
  readonly #listeners = new Set<TrackingListener>();
  #tracking: Tracking | undefined;
  #cancelBeat: () => void = () => undefined;

  constructor(target: RedisTarget, options: KeyNewsOptions) {
    this.#target = target;
    this.#options = options;
  }

  /** Whether changes are told at the moment. */
  get isTold(): boolean {
    return this.#tracking?.isTold === true;
  }

  /** Whether somebody listens. */
  get isHeard(): boolean {
    return this.#listeners.size > 0;
  }

  /** @returns a function that takes the listener away */
  add(listener: TrackingListener): () => void {
    this.#listeners.add(listener);
    if (this.#listeners.size === 1) this.#beatLater();
    return () => {
      if (!this.#listeners.delete(listener) || this.#listeners.size > 0) return;
      this.#cancelBeat();
      this.#tracking?.end();
      this.#tracking = undefined;
    };
  }

  /**
   * Takes a connection on before its first command.
   * @throws RedisFault when it is lost meanwhile; it is closed then
   */
  async opened(client: Redis): Promise<void> {
    if (this.#listeners.size === 0) return;
    const { commandMs } = this.#options;
    const tracking = await track(client, this.#target, { connectMs: commandMs, commandMs }, {
      changed: (keys) => this.#listeners.forEach((listener) => listener.changed(keys)),
      doubted: () => this.#doubt(),
    }).catch((error: unknown) => {
      client.disconnect();
      throw error;
    });
    this.#tracking = tracking;
    client.once('end', () => {
      if (this.#tracking !== tracking) return;
      this.#tracking = undefined;
      this.#doubt();
    });
    this.#doubt();
  }

  #doubt(): void {
    for (const listener of this.#listeners) listener.doubted();
  }

  #beatLater(): void {
    this.#cancelBeat = this.#options.clock.after(beatMs, () => void this.#beat());
  }

  async #beat(): Promise<void> {
    this.#tracking?.beat();
    try {
      await this.#options.ask();
    } catch (error) {
      if (!(error instanceof RedisFault)) throw error; // a Redis that is down is told by whoever needs it
    }
    if (this.#listeners.size > 0) this.#beatLater();
  }
}
