/** The users of workers on every server of a Redis: none of them passes what it knows of users on to the others. */
import type { HostPort } from '../../contract/host-port.ts';
import type { Clock } from '../clock.ts';
import { type AclUser, deleteUser, listUsers, setUser } from './acl.ts';
import type { RedisConnections } from './connections.ts';
import { noMembers, RedisFault } from './fault.ts';
import type { RedisLink } from './link.ts';
import { items, text } from './replies.ts';
import { type RedisTarget, serverTarget } from './target.ts';
import { UserComparison, type UserState } from './user-comparison.ts';
import { type UserManagement, UserManagementProbe } from './user-management.ts';

/** A Redis, and all servers it is known to be made of. */
export interface UserPlace {
  readonly target: RedisTarget;
  readonly servers: readonly HostPort[];
}

/** Makes, compares and deletes users of workers. A server that cannot be reached is seen to when it is back. */
export class WorkerUsers {
  readonly #connections: RedisConnections;
  readonly #management: UserManagementProbe;
  readonly #comparison = new UserComparison();

  constructor(connections: RedisConnections, clock: Clock) {
    this.#connections = connections;
    this.#management = new UserManagementProbe(clock);
  }

  /** Whether workers can be given users of their own there. @throws RedisFault when no server answers */
  async management(place: UserPlace): Promise<UserManagement> {
    const found = await this.#onAll(place, (link) => this.#management.of(link));
    const shared = found.find(({ kind }) => kind === 'shared');
    const unknown = new Set(found.flatMap((one) => (one.kind === 'managed' ? [...one.unknown] : [])));
    return shared ?? { kind: 'managed', unknown };
  }

  /** The first state that calls for something. @throws RedisFault when no server answers */
  async state(place: UserPlace, user: AclUser): Promise<UserState> {
    const states = await this.#onAll(place, (link) => this.#comparison.of(link, user));
    return states.find((state) => state !== 'current') ?? 'current';
  }

  /**
   * Makes the user what it is to be.
   * @param endsConnections its connections are ended, or reads that wait there would still get what comes
   * @throws RedisFault when no server answers, or one refuses
   */
  async set(place: UserPlace, user: AclUser, endsConnections: boolean): Promise<void> {
    await this.#onAll(place, async (link) => {
      if (endsConnections) await deleteUser(link, user.name);
      await setUser(link, user);
    });
  }

  /** @throws RedisFault when no server answers, or one refuses */
  async delete(place: UserPlace, name: string): Promise<void> {
    await this.#onAll(place, (link) => deleteUser(link, name));
  }

  /** What each server says of each user, one text per name that is equal as long as nobody changes it. @throws RedisFault */
  async lines(place: UserPlace): Promise<readonly ReadonlyMap<string, string>[]> {
    return await this.#onAll(place, listUsers);
  }

  async #onAll<T>({ target, servers }: UserPlace, act: (link: RedisLink) => Promise<T>): Promise<T[]> {
    if (target.topology.kind === 'Standalone') return [await act(this.#connections.control(target))];
    const outcomes = await Promise.allSettled(
      servers.map(async (server) => {
        const link = this.#connections.control(serverTarget(target, server));
        return await keepsData(link) ? [await act(link)] : [];
      }),
    );
    const done = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? outcome.value : []));
    const faults = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as unknown] : []));
    const grave = faults.find((fault) => !isAway(fault));
    if (grave === undefined && done.length > 0) return done;
    throw (grave ?? faults[0] ?? noMembers(target)) as Error;
  }
}

/** Sentinels are among the servers of a set. */
async function keepsData(link: RedisLink): Promise<boolean> {
  return text(items(await link.command('ROLE'))[0]) !== 'sentinel';
}

/** It may be a Sentinel with a login of its own, too. */
function isAway(fault: unknown): boolean {
  return fault instanceof RedisFault &&
    (fault.loss !== undefined || ['RedisLoading', 'RedisAuthFailed', 'RedisUnreachable'].includes(fault.code));
}
