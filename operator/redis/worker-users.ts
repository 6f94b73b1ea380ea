/** The users of workers on every server of a Redis: none of them passes what it knows of users on to the others. */
import type { HostPort } from '../../contract/host-port.ts';
import type { Clock } from '../clock.ts';
import { type AclUser, deleteUser, listUsers, setUser, type UserList } from './acl.ts';
import type { RedisConnections } from './connections.ts';
import { noMembers, RedisFault } from './fault.ts';
import type { RedisLink } from './link.ts';
import { items, text } from './replies.ts';
import { type RedisTarget, sentinelTarget, serverTarget } from './target.ts';
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
    const found = await this.#onAll(place, async (link, kind) => ({ kind, one: await this.#management.of(link) }));
    const shared = found.find(({ one }) => one.kind === 'shared');
    const unknown = found.flatMap((
      { kind, one },
    ) => (kind === 'data' && one.kind === 'managed' ? [...one.unknown] : []));
    return shared?.one ?? { kind: 'managed', unknown: new Set(unknown) };
  }

  /** The first state that calls for something. @throws RedisFault when no server answers */
  async state(place: UserPlace, user: AclUser): Promise<UserState> {
    const states = await this.#onAll(place, (link, kind) => this.#comparison.of(link, asOf(kind, user)));
    return states.find((state) => state !== 'current') ?? 'current';
  }

  /**
   * Makes the user what it is to be.
   * @param endsConnections its connections are ended, or reads that wait there would still get what comes
   * @throws RedisFault when no server answers, or one refuses
   */
  async set(place: UserPlace, user: AclUser, endsConnections: boolean): Promise<void> {
    await this.#onAll(place, async (link, kind) => {
      if (endsConnections) await deleteUser(link, user.name);
      await setUser(link, asOf(kind, user));
    });
  }

  /** @throws RedisFault when no server answers, or one refuses */
  async delete(place: UserPlace, name: string): Promise<void> {
    await this.#onAll(place, async (link) => {
      await deleteUser(link, name);
      this.#comparison.forget(link, name);
    });
  }

  /** What each server says of its users. @throws RedisFault */
  async lists(place: UserPlace): Promise<readonly UserList[]> {
    return await this.#onAll(place, listUsers);
  }

  async #onAll<T>(place: UserPlace, act: (link: RedisLink, kind: ServerKind) => Promise<T>): Promise<T[]> {
    const { target, servers } = place;
    if (target.topology.kind === 'Standalone') return [await act(this.#connections.control(target), 'data')];
    const outcomes = await Promise.allSettled(servers.map(async (server) => {
      const found = await this.#linkTo(target, server);
      return found ? [await act(...found)] : [];
    }));
    const done = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? outcome.value : []));
    const faults = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as unknown] : []));
    const grave = faults.find((fault) => !isAway(fault));
    if (grave === undefined && done.length > 0) return done;
    throw (grave ?? faults[0] ?? noMembers(target)) as Error;
  }

  /** A link with the login of its kind; undefined to a Sentinel that lets everybody in, where nobody needs a user. */
  async #linkTo(target: RedisTarget, server: HostPort): Promise<[RedisLink, ServerKind] | undefined> {
    const data = this.#connections.control(serverTarget(target, server));
    if (target.topology.kind !== 'Sentinel' || !await isSentinel(data)) return [data, 'data'];
    return target.sentinel?.password === undefined
      ? undefined
      : [this.#connections.control(sentinelTarget(target, server)), 'sentinel'];
  }
}

/** A server that has the data, or a Sentinel, which is asked where that server is. */
type ServerKind = 'data' | 'sentinel';

/** What a user is there: a Sentinel answers one question, and could be told to do much else. */
function asOf(kind: ServerKind, user: AclUser): AclUser {
  if (kind === 'data') return user;
  return { ...user, commands: ['client|setname', 'ping', 'sentinel|get-master-addr-by-name'], keys: [], selectors: [] };
}

/** One with a login of its own refuses that of the data. */
async function isSentinel(link: RedisLink): Promise<boolean> {
  try {
    return text(items(await link.command('ROLE'))[0]) === 'sentinel';
  } catch (error) {
    if (error instanceof RedisFault && error.code === 'RedisAuthFailed') return true;
    throw error;
  }
}

function isAway(fault: unknown): boolean {
  return fault instanceof RedisFault && (fault.loss !== undefined || fault.code === 'RedisLoading');
}
