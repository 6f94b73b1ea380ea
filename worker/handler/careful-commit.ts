/**
 * The commit for whatever is out of the ordinary: retries, dead letters, refused requests, keys that exist already,
 * entries that may be another's by now. It looks first, then writes what fits, all or nothing: whatever it has looked
 * at is watched. Two round trips, during which nothing else may be committed over the connection.
 */
import { ownerField, pidField } from '../../contract/config-hash.ts';
import { wallOffset } from '../pod/clock.ts';
import { type Identity, isOurs } from '../pod/identity.ts';
import type { Connection } from '../redis/connection.ts';
import type { Command } from '../redis/commands.ts';
import { textOf } from '../redis/replies.ts';
import { RedisError, type Reply } from '../redis/resp.ts';
import type { TellingClock } from './answer-commands.ts';
import { markField } from './commit-guard.ts';
import { type Finish, keysOf, type KeyState, type KeyStates, planFinish } from './commit-plan.ts';
import { fenced } from './fence.ts';
import type { Held } from './in-flight.ts';
import { isInDoubt, renew } from './lease.ts';
import type { Place } from './place.ts';
import { refusalOf } from './refusal.ts';
import type { TraceExpiry } from './trace-expiry.ts';

type Written = Extract<Finish, { kind: 'write' }>;

/** What came of a careful commit. Each request of the batch is in one of the lists, unless it was refused. */
export interface CarefulResult {
  /** Why Redis took nothing of it. */
  readonly refusal?: RedisError;
  readonly written: readonly { readonly held: Held; readonly finish: Written; readonly error?: RedisError }[];
  /** Another consumer's by now. */
  readonly gone: readonly Held[];
  /** Those that wait for somebody to see to a key. */
  readonly waiting: readonly { readonly held: Held; readonly problem: string }[];
  /** Whether every key of a request was free: the usual commit would have done. */
  readonly ordinary: boolean;
}

/** Commits with care over one connection, one batch at a time. */
export class CarefulCommits {
  readonly #connection: Connection;
  readonly #place: Place;
  readonly #identity: Identity;
  readonly #traceExpiry: TraceExpiry;
  readonly #clock: TellingClock;

  constructor(
    connection: Connection,
    place: Place,
    identity: Identity,
    traceExpiry: TraceExpiry,
    clock: TellingClock,
  ) {
    this.#connection = connection;
    this.#place = place;
    this.#identity = identity;
    this.#traceExpiry = traceExpiry;
    this.#clock = clock;
  }

  /** @throws ConnectionLostError, FatalError when we are fenced. */
  async commit(batch: readonly Held[]): Promise<CarefulResult> {
    try {
      const gone = await this.#gone(batch);
      const ours = batch.filter((held) => !gone.includes(held));
      for (;;) {
        const result = await this.#tryOnce(ours);
        if (result !== 'changed') return { ...result, gone };
      }
    } catch (error) {
      if (!(error instanceof RedisError)) throw error;
      return { refusal: error, written: [], gone: [], waiting: [], ordinary: false }; // not even a question is answered
    }
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

  /** Also makes sure that none becomes another's while it is being committed. */
  async #gone(batch: readonly Held[]): Promise<readonly Held[]> {
    const nowMs = this.#clock.now();
    const { settings } = this.#place;
    const doubtful = batch.filter((held) => !held.acknowledged && isInDoubt(held, nowMs, settings));
    const gone = await renew(this.#connection, this.#place, doubtful.map(({ entry }) => entry.id));
    for (const held of doubtful) held.provenMs = nowMs;
    return doubtful.filter(({ entry }) => gone.has(entry.id));
  }

  async #tryOnce(batch: readonly Held[]): Promise<Omit<CarefulResult, 'gone'> | 'changed'> {
    const keys = [...new Set(batch.flatMap((held) => keysOf(held, this.#place)))];
    const stateOf = await this.#look(keys);
    const offset = wallOffset(this.#clock);
    const planned = batch.map((held) => ({
      held,
      finish: planFinish(held, stateOf, this.#place, this.#traceExpiry, offset),
    }));
    const waiting = planned.flatMap(({ held, finish }) =>
      finish.kind === 'wait' ? [{ held, problem: finish.problem }] : []
    );
    const writing = planned.flatMap(({ held, finish }) => finish.kind === 'write' ? [{ held, finish }] : []);
    const ordinary = keys.every((key) => stateOf(key).type === 'none' || this.#isShared(key));
    if (writing.length === 0) {
      await this.#connection.command('UNWATCH');
      return { written: [], waiting, ordinary };
    }
    const replies = await this.#connection.pipeline(this.#transaction(writing));
    const executed = replies.at(-1) as Reply;
    if (executed === null) return 'changed';
    if (!Array.isArray(executed)) return { refusal: refusalOf(replies), written: [], waiting: [], ordinary };
    return { written: withErrors(writing, executed), waiting, ordinary };
  }

  /** Watches the keys and asks for their states, and whether we may still write at all. */
  async #look(keys: readonly string[]): Promise<KeyStates> {
    const { hashKey } = this.#place;
    const [watched, holder, ...replies] = await this.#connection.pipeline([
      ['WATCH', hashKey, ...keys],
      ['HMGET', hashKey, pidField, ownerField],
      ...keys.flatMap((key): Command[] => [['TYPE', key], ['PTTL', key]]),
    ]);
    for (const reply of [watched, holder, ...replies]) if (reply instanceof RedisError) throw reply;
    if (!isOurs(holder as Reply, this.#identity)) throw fenced(hashKey);
    const states = new Map<string, KeyState>(
      keys.map((key, at) => [key, { type: textOf(replies[2 * at]), ttlMs: Number(textOf(replies[2 * at + 1])) }]),
    );
    return (key) => states.get(key) ?? { type: 'none', ttlMs: -2 };
  }

  #transaction(writing: readonly { readonly held: Held; readonly finish: Written }[]): Command[] {
    const { requestStream, settings: { group } } = this.#place;
    const ids = writing.map(({ held }) => held.entry.id);
    const writes = writing.flatMap(({ finish }) => finish.commands);
    return [['MULTI'], ...writes, ['XACK', requestStream, group, ...ids], ['EXEC']];
  }

  /** Streams of the place are there for every request. */
  #isShared(key: string): boolean {
    return key === this.#place.responseStream || key === this.#place.settings.deadLetterStream;
  }
}

/** Commands may fail by themselves though their keys were as they should be, as when a counter is no number. */
function withErrors(
  writing: readonly { readonly held: Held; readonly finish: Written }[],
  executed: readonly Reply[],
): CarefulResult['written'] {
  let at = 0;
  return writing.map(({ held, finish }) => {
    const replies = executed.slice(at, at += finish.commands.length);
    const error = replies.find((reply) => reply instanceof RedisError);
    return { held, finish, ...(error instanceof RedisError ? { error } : {}) };
  });
}
