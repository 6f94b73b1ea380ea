/** The fence: whoever's pid is not in the config hash any more writes nothing. */
import { ownerField, pidField } from '../../contract/config-hash.ts';
import type { Clock } from '../pod/clock.ts';
import { fenced } from '../pod/fenced.ts';
import { type Identity, isOurs } from '../pod/identity.ts';
import type { Connection } from '../redis/connection.ts';
import type { Place } from './place.ts';

/** Milliseconds for which an answer counts, before anything is begun. */
const freshMs = 1000;

/** Stops the process when somebody else has its place, also while it has nothing to do. */
export class Fence {
  readonly #connection: Connection;
  readonly #place: Place;
  readonly #me: Identity;
  readonly #clock: Pick<Clock, 'monotonic'>;
  #askedMs = -Infinity;

  constructor(connection: Connection, place: Place, me: Identity, clock: Pick<Clock, 'monotonic'>) {
    this.#connection = connection;
    this.#place = place;
    this.#me = me;
    this.#clock = clock;
  }

  /** Milliseconds since it was asked last. */
  get ageMs(): number {
    return this.#clock.monotonic() - this.#askedMs;
  }

  /** Whether it was asked so lately that requests may be begun. */
  get isFresh(): boolean {
    return this.ageMs <= freshMs;
  }

  /** Asks. @throws FatalError when the place is somebody else's, RedisError, ConnectionLostError */
  async check(): Promise<void> {
    const { hashKey } = this.#place;
    this.#askedMs = this.#clock.monotonic();
    const reply = await this.#connection.command('HMGET', hashKey, pidField, ownerField);
    if (!isOurs(reply, this.#me)) throw fenced(hashKey);
  }
}
