/** Users of a server's access control list (ACL): how one is written, read back and compared. Redis 7 and Valkey. */
import { createHash } from 'node:crypto';
import { RedisFault } from './fault.ts';
import type { RedisLink } from './link.ts';
import { fieldsOf, items, strings, text } from './replies.ts';

/** Commands that are allowed on keys that match, and channels one may publish to or listen on. */
export interface AclPermissions {
  /** In lower case, as `hget` or `xgroup|create`. No category: what is in one differs, and servers rewrite them. */
  readonly commands: readonly string[];
  /** Patterns of Redis' own globs. */
  readonly keys: readonly string[];
  readonly channels?: readonly string[];
}

/** A user as it is to be. */
export interface AclUser extends AclPermissions {
  readonly name: string;
  /** In clear; each of them lets the user in. */
  readonly passwords: readonly string[];
  /** Each allows its commands on its keys alone. */
  readonly selectors: readonly AclPermissions[];
}

/** A user as the server describes it. */
export interface FoundUser {
  readonly flags: ReadonlySet<string>;
  /** SHA-256 in hex. */
  readonly passwords: ReadonlySet<string>;
  /** Commands, keys and channels in a line each, in the server's own words, which differ from those it was told. */
  readonly permissions: string;
  /** The same, in the order they were given. */
  readonly selectors: readonly string[];
}

/** A pattern that matches `key` and nothing else. */
export function exactly(key: string): string {
  return key.replace(/[\\*?[\]]/g, '\\$&');
}

/** The user without the commands a server does not know: one word it does not know has it refuse the whole user. */
export function without(user: AclUser, unknown: ReadonlySet<string>): AclUser {
  const known = <P extends AclPermissions>(part: P): P => ({
    ...part,
    commands: part.commands.filter((command) => !unknown.has(command)),
  });
  return { ...known(user), selectors: user.selectors.map(known) };
}

/** The arguments of ACL SETUSER behind the name: the user is this and nothing of what it was before. */
export function rulesOf(user: AclUser): string[] {
  return [
    'reset',
    'on',
    ...user.passwords.map((password) => `#${hashOf(password)}`),
    ...permissionRules(user),
    ...user.selectors.map((selector) => `(${permissionRules(selector).join(' ')})`),
  ];
}

/** Reads a user. @returns undefined when there is none @throws RedisFault */
export async function readUser(link: RedisLink, name: string): Promise<FoundUser | undefined> {
  return decodeUser(await link.command('ACL', 'GETUSER', name));
}

/** Reads the reply of ACL GETUSER. */
export function decodeUser(reply: unknown): FoundUser | undefined {
  if (reply === null) return undefined;
  const user = fieldsOf(reply);
  return {
    flags: new Set(strings(user.get('flags'))),
    passwords: new Set(strings(user.get('passwords'))),
    permissions: textOf(user),
    selectors: items(user.get('selectors') ?? []).map(fieldsOf).map(textOf),
  };
}

/** How a server describes permissions whose commands it describes as `commands`: keys and channels it repeats. */
export function describedWith(commands: string, { keys, channels = [] }: Omit<AclPermissions, 'commands'>): string {
  const words = (sign: string, patterns: readonly string[]) =>
    inOrder([...new Set(patterns)].map((pattern) => `${sign}${pattern}`).join(' '));
  return [commands, words('~', keys), words('&', channels)].join('\n');
}

/** The commands of such a description. */
export function commandsIn(permissions: string): string {
  return permissions.slice(0, permissions.indexOf('\n'));
}

/** Whether whoever reaches the server can be this user without a password, and do something as it. */
export function letsEverybodyIn(user: FoundUser | undefined): boolean {
  if (user === undefined || !user.flags.has('on') || !user.flags.has('nopass')) return false;
  return [user.permissions, ...user.selectors].some((permissions) => permissions.split('\n')[0] !== '-@all');
}

/** Makes the user, or makes it anew. Connections of it live on. @throws RedisFault */
export async function setUser(link: RedisLink, user: AclUser): Promise<void> {
  await link.command('ACL', 'SETUSER', user.name, ...rulesOf(user));
}

/** Deletes the user and ends its connections. @throws RedisFault */
export async function deleteUser(link: RedisLink, name: string): Promise<void> {
  await link.command('ACL', 'DELUSER', name);
}

/** Those of the commands the server does not know. @throws RedisFault */
export async function unknownCommands(link: RedisLink, commands: readonly string[]): Promise<ReadonlySet<string>> {
  const replies = items(await link.command('COMMAND', 'INFO', ...commands));
  return new Set(commands.filter((_, at) => isNothing(replies[at])));
}

/** What a server says of all its users. Of thousands that is megabytes: digests are left of it. */
export interface UserList {
  /** Equal as long as it says the same of everybody. */
  readonly digest: string;
  /** A digest of what it says of each user, by its name. */
  byName(): ReadonlyMap<string, string>;
}

/** All users; of what is asked for again and again no text is made. @throws RedisFault */
export async function listUsers(link: RedisLink): Promise<UserList> {
  const lines = items(await link.bytes('ACL', 'LIST')).filter((line) => Buffer.isBuffer(line));
  const all = createHash('sha1');
  for (const line of lines) all.update(line).update('\n');
  return {
    digest: all.digest('hex'),
    byName: () =>
      new Map(lines.map((line) => [nameIn(line.toString()), createHash('sha1').update(line).digest('hex')])),
  };
}

/** `user <name> on …` */
function nameIn(line: string): string {
  const begin = line.indexOf(' ') + 1;
  return line.slice(begin, line.indexOf(' ', begin));
}

/** True when the server has no ACL at all. */
export function hasNoAcl(error: unknown): boolean {
  return error instanceof RedisFault && error.says('unknown command');
}

function permissionRules({ keys, channels = [], commands }: AclPermissions): string[] {
  return [
    ...keys.map((pattern) => `~${pattern}`),
    ...channels.map((pattern) => `&${pattern}`),
    '-@all',
    ...commands.map((command) => `+${command}`),
  ];
}

function textOf(part: ReadonlyMap<string, unknown>): string {
  const words = (name: string) => inOrder(text(part.get(name)));
  return [words('commands'), words('keys'), words('channels')].join('\n');
}

/** Words whose order means nothing. */
function inOrder(words: string): string {
  return words.split(' ').filter((word) => word !== '').sort().join(' ');
}

function isNothing(reply: unknown): boolean {
  return reply === null || reply === undefined || (Array.isArray(reply) && reply.length === 0);
}

/** As the server keeps passwords. */
export function hashOf(password: string): string {
  return createHash('sha256').update(password).digest('hex');
}
