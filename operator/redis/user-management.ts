/** Whether the operator can give each worker a user of its own on a server, found out by trying. */
import type { Clock } from '../clock.ts';
import { decodeUser, hasNoAcl, letsEverybodyIn, unknownCommands } from './acl.ts';
import { RedisFault } from './fault.ts';
import type { RedisLink } from './link.ts';
import { targetKey } from './target.ts';

/** What can be done about users on one server. */
export type UserManagement =
  | {
    readonly kind: 'managed';
    /** Commands this server does not know, of those a user may be given. */
    readonly unknown: ReadonlySet<string>;
  }
  | {
    readonly kind: 'shared';
    /** The rest of a sentence that begins with the server. */
    readonly why: string;
    readonly fix: string;
  };

/** Servers from Redis 7.0 and Valkey on know the others. */
export const notEverywhere = ['client|setinfo', 'hexpire', 'hsetex'];

/** A user of this name is never made: the rule it is given is none. */
const probed = 'rw-probe';
const noRule = '?';

const noAcl: UserManagement = {
  kind: 'shared',
  why: 'knows no users',
  fix: 'use Redis 7 or newer, or Valkey',
};
const notAllowed: UserManagement = {
  kind: 'shared',
  why: "does not let the operator's login manage users",
  fix: 'give that login the rights docs/redis.md names',
};
const openToAll: UserManagement = {
  kind: 'shared',
  why: 'lets everybody in without a password, as the user "default"',
  fix: 'give that user a password, or turn it off',
};

/** Remembers what was found, for a while: rights are granted, and servers upgraded, while operators run. */
export class UserManagementProbe {
  readonly #clock: Clock;
  readonly #found = new Map<string, { readonly until: number; readonly management: UserManagement }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @throws RedisFault when the server does not answer */
  async of(link: RedisLink): Promise<UserManagement> {
    const key = targetKey(link.target);
    const known = this.#found.get(key);
    if (known !== undefined && this.#clock.now() < known.until) return known.management;
    const management = await probe(link);
    const keepMs = management.kind === 'managed' ? 60_000 : 5000;
    this.#found.set(key, { until: this.#clock.now() + keepMs, management });
    return management;
  }
}

async function probe(link: RedisLink): Promise<UserManagement> {
  const [made, open] = await link.pipeline([['ACL', 'SETUSER', probed, noRule], ['ACL', 'GETUSER', 'default']]);
  for (const reply of [made, open]) if (reply instanceof RedisFault && isPassing(reply)) throw reply;
  if (hasNoAcl(made)) return noAcl;
  if (isDenied(made) || isDenied(open)) return notAllowed;
  if (letsEverybodyIn(decodeUser(open))) return openToAll;
  return { kind: 'managed', unknown: await unknownCommands(link, notEverywhere) };
}

/** The rule that is none is refused by every server that lets the user in question be made. */
function isDenied(reply: unknown): boolean {
  return reply instanceof RedisFault && !reply.says('modifier');
}

function isPassing({ code, loss }: RedisFault): boolean {
  return loss !== undefined || code === 'RedisLoading' || code === 'RedisAuthFailed';
}
