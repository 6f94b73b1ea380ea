/**
 * What a careful commit asks and writes over the worker's own connection: whatever it has looked at is watched, so that
 * what it writes afterwards fits what is there, or comes to nothing.
 */
import { ownerField, pidField } from '../../contract/config-hash.ts';
import { fenced } from '../pod/fenced.ts';
import { type Identity, isOurs } from '../pod/identity.ts';
import type { Command } from '../redis/commands.ts';
import type { Connection } from '../redis/connection.ts';
import { textOf } from '../redis/replies.ts';
import { RedisError, type Reply } from '../redis/resp.ts';
import type { TellingClock } from './answer-commands.ts';
import { markField } from './commit-guard.ts';
import type { Finish, KeyState, KeyStates } from './commit-plan.ts';
import type { Held } from './in-flight.ts';
import { isInDoubt, renew } from './lease.ts';
import type { Place } from './place.ts';
import { refusalOf } from './refusal.ts';

/** One request, and what it leaves behind. */
export interface Writing {
  readonly held: Held;
  readonly finish: Extract<Finish, { kind: 'write' }>;
}

/** One that was written; the error of a command that failed by itself. */
export interface Written extends Writing {
  readonly error?: RedisError;
}

/** Asks and writes, one commit at a time. */
export class OwnKeys {
  readonly #connection: Connection;
  readonly #place: Place;
  readonly #identity: Identity;
  readonly #clock: TellingClock;

  constructor(connection: Connection, place: Place, identity: Identity, clock: TellingClock) {
    this.#connection = connection;
    this.#place = place;
    this.#identity = identity;
    this.#clock = clock;
  }

  /** Writes next to nothing, and takes it back: undefined when Redis takes that, else why it does not. */
  async tryTrifle(): Promise<RedisError | undefined> {
    const { hashKey } = this.#place;
    const replies = await this.#connection.pipeline([
      ['MULTI'],
      ['HSET', hashKey, markField, 1],
      ['HDEL', hashKey, markField],
      ['EXEC'],
    ]);
    return Array.isArray(replies.at(-1)) ? undefined : refusalOf(replies);
  }

  /** Those that are another consumer's by now. Also makes sure that none becomes another's while it is committed. */
  async gone(batch: readonly Held[]): Promise<readonly Held[]> {
    const nowMs = this.#clock.now();
    const { settings } = this.#place;
    const doubtful = batch.filter((held) => !held.acknowledged && isInDoubt(held, nowMs, settings));
    const gone = await renew(this.#connection, this.#place, doubtful.map(({ entry }) => entry.id));
    for (const held of doubtful) held.provenMs = nowMs;
    return doubtful.filter(({ entry }) => gone.has(entry.id));
  }

  /**
   * Watches the keys and asks for their states, and whether we may still write at all.
   * @throws FatalError when we may not, RedisError
   */
  async look(keys: readonly string[]): Promise<KeyStates> {
    const { hashKey } = this.#place;
    const [watched, holder, ...replies] = await this.#connection.pipeline([
      ['WATCH', hashKey, ...keys],
      ['HMGET', hashKey, pidField, ownerField],
      ...keys.flatMap(stateCommands),
    ]);
    for (const reply of [watched, holder, ...replies]) if (reply instanceof RedisError) throw reply;
    if (!isOurs(holder as Reply, this.#identity)) throw fenced(hashKey);
    const states = new Map(keys.map((key, at) => [key, stateIn(replies[2 * at], replies[2 * at + 1])]));
    return (key) => states.get(key) ?? noKey;
  }

  /** Forgets what was looked at: nothing is to be written. */
  async unwatch(): Promise<void> {
    await this.#connection.command('UNWATCH');
  }

  /**
   * Writes all of it with the acknowledgements, or nothing.
   * @returns `changed` when something is not any more as it was looked at
   */
  async write(writing: readonly Writing[]): Promise<readonly Written[] | 'changed' | RedisError> {
    const { requestStream, settings: { group } } = this.#place;
    const replies = await this.#connection.pipeline([
      ['MULTI'],
      ...writing.flatMap(({ finish }) => finish.commands),
      ['XACK', requestStream, group, ...writing.map(({ held }) => held.entry.id)],
      ['EXEC'],
    ]);
    const executed = replies.at(-1) as Reply;
    if (executed === null) return 'changed';
    return Array.isArray(executed) ? withErrors(writing, executed) : refusalOf(replies);
  }
}

/** The state of a key that is not there. */
export const noKey: KeyState = { type: 'none', ttlMs: -2 };

/** Asks for the state of a key. */
export function stateCommands(key: string): Command[] {
  return [['TYPE', key], ['PTTL', key]];
}

/** The state two replies tell of. */
export function stateIn(type: Reply | undefined, ttl: Reply | undefined): KeyState {
  return { type: textOf(type), ttlMs: Number(textOf(ttl)) };
}

/** Commands may fail by themselves though their keys were as they should be, as when a counter is no number. */
function withErrors(writing: readonly Writing[], executed: readonly Reply[]): readonly Written[] {
  let at = 0;
  return writing.map(({ held, finish }) => {
    const replies = executed.slice(at, at += finish.commands.length);
    const error = replies.find((reply) => reply instanceof RedisError);
    return { held, finish, ...(error instanceof RedisError ? { error } : {}) };
  });
}
