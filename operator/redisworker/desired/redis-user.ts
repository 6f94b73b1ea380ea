/** The ACL user of a worker on the operator's default Redis: its pods' login, which opens what is theirs and no more. Pure. */
import { configHashKey } from '../../../contract/keys.ts';
import type { RedisAddress } from '../../../contract/redis-address.ts';
import { type AclPermissions, type AclUser, exactly } from '../../redis/acl.ts';
import { channelCommands, ordinaryCommands } from '../../redis/ordinary-commands.ts';
import type { Blueprint } from '../model/blueprint.ts';
import { kindOf } from '../work/index.ts';

/** What a client says of itself when it connects, and the transactions everything is written in. */
const always = [
  'client|getname',
  'client|id',
  'client|info',
  'client|setinfo',
  'client|setname',
  'discard',
  'echo',
  'exec',
  'multi',
  'ping',
  'time',
  'unwatch',
] as const;

/** Name of the user; no other worker, on whatever cluster, has it. */
export function redisUserName({ uid }: Pick<Blueprint['parent'], 'uid'>): string {
  return `rw-${uid}`;
}

/** What a user follows from beside its worker. */
export interface UserInput {
  /** Each of them some pod may have. */
  readonly passwords: readonly string[];
  /** Where the pods log in. */
  readonly address: Pick<RedisAddress, 'db' | 'topology'>;
  /** Keys and patterns the spec names that are another worker's: pods that run lose them at once. */
  readonly withheld: readonly string[];
}

/** The user as it is to be. */
export function redisUser(
  { parent, keyPrefix, work, opens }: Blueprint,
  { passwords, address, withheld }: UserInput,
): AclUser {
  const { commands, keys, channels = [], selectors } = kindOf(work).access(work, configHashKey(keyPrefix, '*'));
  const isGranted = (pattern: string) => !withheld.some((key) => isAbout(pattern, key));
  const granted = <P extends AclPermissions>(part: P): P => ({ ...part, keys: part.keys.filter(isGranted) });
  return {
    name: redisUserName(parent),
    passwords,
    ...granted({ commands: [...always, ...findingTheWay(address), ...commands], keys, channels }),
    selectors: [
      ...selectors.map(granted),
      ...opened(ordinaryCommands, { keys: opens.keys.filter(isGranted) }),
      ...opened(channelCommands, { channels: opens.channels.filter(isGranted) }),
    ],
  };
}

function opened(commands: readonly string[], what: { keys?: string[]; channels?: string[] }): AclPermissions[] {
  const { keys = [], channels = [] } = what;
  return keys.length + channels.length === 0 ? [] : [{ commands, keys, channels }];
}

/** What a client asks for to find its server and its database. */
function findingTheWay({ db, topology }: UserInput['address']): string[] {
  const selecting = db === 0 ? [] : ['select'];
  switch (topology.kind) {
    case 'Standalone':
      return selecting;
    case 'Sentinel':
      return [...selecting, 'role'];
    case 'Cluster':
      return ['asking', 'cluster|slots'];
  }
}

/** A pattern of the spec, a key it names, or one that is made from that. */
function isAbout(pattern: string, key: string): boolean {
  return pattern === key || pattern === exactly(key) || pattern.startsWith(exactly(`${key}:`));
}
