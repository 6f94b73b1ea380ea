/** The ACL user of a worker on the operator's default Redis: its pods' login, which opens what is theirs and no more. Pure. */
import { configHashKey } from '../../../contract/keys.ts';
import type { AclUser } from '../../redis/acl.ts';
import type { Blueprint } from '../model/blueprint.ts';
import { kindOf } from '../work/index.ts';

/** What a client says of itself and asks about its server when it connects, and the transactions everything is written in. */
const always = [
  'asking',
  'client|getname',
  'client|id',
  'client|info',
  'client|setinfo',
  'client|setname',
  'cluster|slots',
  'discard',
  'echo',
  'exec',
  'multi',
  'ping',
  'role',
  'time',
  'unwatch',
] as const;

/** Name of the user; no other worker, on whatever cluster, has it. */
export function redisUserName({ uid }: Pick<Blueprint['parent'], 'uid'>): string {
  return `rw-${uid}`;
}

/**
 * The user as it is to be.
 * @param passwords each of which some pod may have
 * @param db database the pods select
 */
export function redisUser({ parent, type, work }: Blueprint, passwords: readonly string[], db: number): AclUser {
  const { commands, keys, selectors } = kindOf(work).access(work, configHashKey(type, '*'));
  return {
    name: redisUserName(parent),
    passwords,
    commands: [...always, ...(db === 0 ? [] : ['select']), ...commands],
    keys,
    selectors,
  };
}
