/** Finds out whether a server has a user as it is to be. */
import { randomBytes } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import {
  type AclPermissions,
  type AclUser,
  commandsIn,
  decodeUser,
  describedWith,
  type FoundUser,
  hashOf,
  readUser,
  rulesOf,
} from './acl.ts';
import { RedisFault } from './fault.ts';
import type { RedisLink } from './link.ts';
import { targetKey } from './target.ts';

/** What the server has of a user. */
export type UserState = 'current' | 'missing' | 'drifted' | 'otherPasswords';

/**
 * Servers tell the rules of a user in other words than they were given: Redis 7.0 makes categories of commands. So a user
 * is compared with how the server describes the one that is wanted, learnt by making that one for a moment. Workers of one
 * kind may use the same commands on keys of their own: what those read like is learnt from one of them.
 */
export class UserComparison {
  /** How a server describes commands, and the flags of a user, by server and commands. */
  readonly #described = new Map<string, { readonly flags: ReadonlySet<string>; readonly commands: string }>();

  /** How the user that is wanted reads, by server and user, with the rules it was learnt from. */
  readonly #wanted = new Map<string, { readonly rules: string; readonly reads: string }>();

  /** The passwords of each user as they were given last, with what a server tells of them. */
  readonly #hashed = new Map<string, { readonly passwords: readonly string[]; readonly hashes: readonly string[] }>();

  /** @throws RedisFault */
  async of(link: RedisLink, user: AclUser): Promise<UserState> {
    const found = await readUser(link, user.name);
    if (found === undefined) return 'missing';
    // A server that was replaced by another version says the same in other words again: what differs is learnt anew.
    const may = whatItMay(found);
    const isAsWanted = may === this.#composed(link, user) || may === this.#known(link, user) ||
      may === await this.#learn(link, user);
    if (!isAsWanted) return 'drifted';
    return hasPasswords(found, this.#hashesOf(link, user)) ? 'current' : 'otherPasswords';
  }

  /** The user is no more. */
  forget(link: RedisLink, name: string): void {
    this.#wanted.delete(keyOf(link, { name }));
    this.#hashed.delete(keyOf(link, { name }));
  }

  #hashesOf(link: RedisLink, { name, passwords }: AclUser): readonly string[] {
    const known = this.#hashed.get(keyOf(link, { name }));
    if (known !== undefined && isDeepStrictEqual(known.passwords, passwords)) return known.hashes;
    const hashes = passwords.map(hashOf);
    this.#hashed.set(keyOf(link, { name }), { passwords, hashes });
    return hashes;
  }

  /** How the user that is wanted reads by all that is known of its commands; undefined where some are not. */
  #composed(link: RedisLink, user: AclUser): string | undefined {
    const [own, ...selectors] = partsOf(user).map((part) => {
      const described = this.#described.get(commandsKey(link, part));
      return described && { flags: described.flags, permissions: describedWith(described.commands, part) };
    });
    const texts = selectors.flatMap((one) => (one === undefined ? [] : [one.permissions]));
    if (own === undefined || texts.length < selectors.length) return undefined;
    return whatItMay({ ...own, selectors: texts });
  }

  #known(link: RedisLink, user: AclUser): string | undefined {
    const known = this.#wanted.get(keyOf(link, user));
    return known?.rules === rulesText(user) ? known.reads : undefined;
  }

  /** The user made for it cannot log in, and is gone in the same round trip. */
  async #learn(link: RedisLink, user: AclUser): Promise<string> {
    const name = `rw-as-wanted-${randomBytes(8).toString('hex')}`;
    const [made, read] = await link.pipeline([
      ['ACL', 'SETUSER', name, ...rulesOf({ ...user, passwords: [] })],
      ['ACL', 'GETUSER', name],
      ['ACL', 'DELUSER', name],
    ]);
    for (const reply of [made, read]) if (reply instanceof RedisFault) throw reply;
    const described = decodeUser(read);
    const reads = described === undefined ? '' : whatItMay(described);
    if (described !== undefined && this.#noteCommands(link, user, described) === reads) return reads;
    this.#wanted.set(keyOf(link, user), { rules: rulesText(user), reads });
    return reads;
  }

  /** @returns how the user reads by that alone */
  #noteCommands(link: RedisLink, user: AclUser, { flags, permissions, selectors }: FoundUser): string | undefined {
    const texts = [permissions, ...selectors];
    for (const [at, part] of partsOf(user).entries()) {
      this.#described.set(commandsKey(link, part), { flags, commands: commandsIn(texts[at] ?? '') });
    }
    return this.#composed(link, user);
  }
}

function partsOf(user: AclUser): readonly AclPermissions[] {
  return [user, ...user.selectors];
}

function commandsKey(link: RedisLink, { commands }: AclPermissions): string {
  return `${targetKey(link.target)} ${commands.join(' ')}`;
}

function whatItMay({ flags, permissions, selectors }: Omit<FoundUser, 'passwords'>): string {
  return JSON.stringify([[...flags].sort(), permissions, [...selectors].sort()]);
}

function hasPasswords({ passwords }: FoundUser, hashes: readonly string[]): boolean {
  return passwords.size === hashes.length && hashes.every((hash) => passwords.has(hash));
}

function rulesText(user: AclUser): string {
  return rulesOf({ ...user, passwords: [] }).join(' ');
}

function keyOf(link: RedisLink, { name }: Pick<AclUser, 'name'>): string {
  return `${targetKey(link.target)} ${name}`;
}
