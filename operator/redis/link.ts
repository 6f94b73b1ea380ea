/** A shared connection for short commands: opens when needed, closes when idle, gives up fast when Redis is down. */
import type { Redis } from 'ioredis';
import { backOffMs } from '../backoff.ts';
import type { HostPort } from '../../contract/host-port.ts';
import type { Clock } from '../clock.ts';
import { openClient, serverOfClient } from './client.ts';
import { RedisFault, toFault } from './fault.ts';
import type { Command } from './command-key.ts';
import { KeyNews } from './key-news.ts';
import { gather } from './one-packet.ts';
import type { Script } from './script.ts';
import type { RedisTarget } from './target.ts';
import type { TrackingListener } from './tracking.ts';

/** Told about every command, for metrics. */
export interface RedisMeter {
  roundtrip(seconds: number): void;
  error(code: string): void;
}

/** How a link behaves; times in milliseconds. */
export interface LinkOptions {
  readonly clock: Clock;
  readonly meter: RedisMeter;
  readonly random: () => number;
  /** Deadline of connecting and of every command. */
  readonly commandMs: number;
  /** Unused for so long, the socket is closed. */
  readonly idleMs: number;
  /** Told when a node of a Cluster has led a command elsewhere for good, or was lost. */
  onMoved(target: RedisTarget): void;
  onOpen(link: ServerLink): void;
  onIdle(link: ServerLink): void;
}

const backOff = { initialMs: 100, maxMs: 5000 };

/** Tries the digest first, which is short. */
export async function runScript(
  link: Pick<RedisLink, 'command'>,
  script: Script,
  keys: readonly string[],
  args: readonly (string | number)[],
): Promise<unknown> {
  try {
    return await link.command('EVALSHA', script.sha, keys.length, ...keys, ...args);
  } catch (error) {
    if (!(error instanceof RedisFault) || !error.says('NOSCRIPT')) throw error;
    return link.command('EVAL', script.lua, keys.length, ...keys, ...args);
  }
}

/** Every method throws {@link RedisFault}. A command that timed out may still be applied later: writes must bear repeating. */
export interface RedisLink {
  readonly target: RedisTarget;
  /** Runs one command. Replies have the shapes of RESP2. */
  command(...command: Command): Promise<unknown>;
  /** The same with texts left as Buffers: a long reply makes less garbage so. */
  bytes(...command: Command): Promise<unknown>;
  /** Runs commands in one round trip; a refused command leaves its fault at its place. */
  pipeline(commands: readonly Command[]): Promise<unknown[]>;
  /** Runs a script, teaching it to the server when it is new there. */
  script(script: Script, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown>;
  /** A link to each server that is dialled: of a Cluster all that serve slots, and their replicas. */
  servers(): Promise<readonly RedisLink[]>;
  /**
   * Has somebody told when keys change that are read here from now on, and keeps the connection up meanwhile.
   * @returns a function that takes the listener away
   */
  track(listener: TrackingListener): () => void;
  /** Whether that is so at the moment: not without a connection, nor where the server or the login does not allow it. */
  readonly isTold: boolean;
  /** Closes the sockets; the next command opens others. */
  close(): void;
}

/** The link to a server, or to whichever is the master behind Sentinels. */
export class ServerLink implements RedisLink {
  readonly target: RedisTarget;
  readonly #options: LinkOptions;
  readonly #news: KeyNews;
  #client: Promise<Redis> | undefined;
  #server: HostPort | undefined;
  #cancelIdle: () => void = () => undefined;
  #failures = 0;
  #refused: { readonly until: number; readonly fault: RedisFault } | undefined;

  constructor(target: RedisTarget, options: LinkOptions) {
    this.target = target;
    this.#options = options;
    const { clock, commandMs } = options;
    this.#news = new KeyNews(target, { clock, commandMs, ask: () => this.command('TIME') });
  }

  command(...command: Command): Promise<unknown> {
    return this.#run((client) => client.call(...command));
  }

  bytes(...command: Command): Promise<unknown> {
    return this.#run((client) => client.callBuffer(...command));
  }

  async pipeline(commands: readonly Command[]): Promise<unknown[]> {
    if (commands.length === 0) return [];
    return this.#run((client) => Promise.all(commands.map((command) => this.#settled(client.call(...command)))));
  }

  script(...script: Parameters<RedisLink['script']>): Promise<unknown> {
    return runScript(this, ...script);
  }

  servers(): Promise<readonly RedisLink[]> {
    return Promise.resolve([this]);
  }

  get isTold(): boolean {
    return this.#news.isTold;
  }

  track(listener: TrackingListener): () => void {
    // What was read before was not tracked: the next command opens a connection that is.
    if (!this.#news.isHeard) this.close();
    return this.#news.add(listener);
  }

  /** Where the socket leads to; undefined while there is none. */
  get server(): HostPort | undefined {
    return this.#server;
  }

  /** Drops the socket as if the server had closed it. */
  lose(): void {
    this.close();
  }

  close(): void {
    this.#cancelIdle();
    const client = this.#client;
    this.#client = undefined;
    this.#server = undefined;
    client?.then((open) => open.disconnect(), () => undefined);
  }

  async #run<T>(task: (client: Redis) => Promise<T>): Promise<T> {
    const reused = this.#client !== undefined;
    try {
      return await this.#once(task);
    } catch (error) {
      const fault = toFault(error, this.target);
      // A socket that was closed while nobody used it says nothing about the server, and one that takes no writes any
      // more has had to give its place to another: try a fresh one, once.
      const mayBeOver = fault.loss === 'closed' || fault.code === 'RedisReadOnly';
      if (!reused || !mayBeOver || this.#refused !== undefined) throw this.#metered(fault);
      return this.#once(task).catch((again: unknown) => {
        throw this.#metered(toFault(again, this.target));
      });
    }
  }

  async #once<T>(task: (client: Redis) => Promise<T>): Promise<T> {
    const { clock, meter } = this.#options;
    const client = this.#client ?? this.#open();
    try {
      const open = await client;
      const begin = clock.now();
      gather(open.stream);
      const result = await task(open);
      meter.roundtrip((clock.now() - begin) / 1000);
      this.#restartIdle();
      return result;
    } catch (error) {
      const fault = toFault(error, this.target);
      if (fault.loss !== undefined || fault.code === 'RedisReadOnly') this.#drop(client, fault);
      throw fault;
    }
  }

  #open(): Promise<Redis> {
    const { clock, commandMs } = this.#options;
    if (this.#refused !== undefined && clock.now() < this.#refused.until) return Promise.reject(this.#refused.fault);
    const client = openClient(this.target, { connectMs: commandMs, commandMs }).then(async (open) => {
      await this.#news.opened(open);
      return open;
    });
    this.#client = client;
    client.then((open) => this.#opened(client, open), (error: unknown) => this.#failed(client, error));
    return client;
  }

  #opened(client: Promise<Redis>, open: Redis): void {
    if (this.#client !== client) return;
    this.#server = serverOfClient(open);
    this.#failures = 0;
    this.#refused = undefined;
    open.once('end', () => this.#forget(client));
    this.#options.onOpen(this);
    this.#restartIdle();
  }

  /** All commands of the next moments fail at once with the same fault: a dead Redis must not hold up those who use another. */
  #failed(client: Promise<Redis>, error: unknown): void {
    this.#forget(client);
    const { clock, random } = this.#options;
    const until = clock.now() + backOffMs(backOff, ++this.#failures, random);
    this.#refused = { until, fault: toFault(error, this.target) };
  }

  #drop(client: Promise<Redis>, fault: RedisFault): void {
    if (this.#client !== client) return;
    this.close();
    if (fault.loss === 'silent') this.#failed(client, fault);
  }

  #forget(client: Promise<Redis>): void {
    if (this.#client !== client) return;
    this.#client = undefined;
    this.#server = undefined;
  }

  #restartIdle(): void {
    this.#cancelIdle();
    this.#cancelIdle = this.#options.clock.after(this.#options.idleMs, () => {
      this.close();
      this.#options.onIdle(this);
    });
  }

  /** A refusal is a result; a lost connection still throws. */
  #settled(reply: Promise<unknown>): Promise<unknown> {
    return reply.catch((error: unknown) => {
      const fault = toFault(error, this.target);
      if (fault.loss !== undefined) throw fault;
      return fault;
    });
  }

  /** That a Cluster has moved a key is no error. */
  #metered(fault: RedisFault): RedisFault {
    if (fault.match(/^(MOVED|ASK) /) === null) this.#options.meter.error(fault.code);
    return fault;
  }
}
