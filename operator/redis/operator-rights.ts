/** The least rights of the operator's own login on its default Redis. docs/redis.md has them as one line. */
import type { AclUser } from './acl.ts';
import { trackingChannel } from './tracking.ts';

/** What it sends to a server, and what its scripts call there. */
const commands = [
  'acl|deluser',
  'acl|getuser',
  'acl|list',
  'acl|setuser',
  'client|id',
  'client|setname',
  'client|tracking',
  'command|info',
  'del',
  'eval',
  'evalsha',
  'hdel',
  'hget',
  'hgetall',
  'hmget',
  'hset',
  'llen',
  'lmove',
  'subscribe',
  'time',
  'type',
  'xclaim',
  'xgroup|create',
  'xgroup|delconsumer',
  'xgroup|destroy',
  'xinfo|consumers',
  'xinfo|groups',
  'xinfo|stream',
  'xlen',
  'xpending',
  'xrange',
  'xread',
  'xrevrange',
  'zcard',
  'zrangebyscore',
] as const;

/** What it asks beside that to find out what is wrong with the server; without, less is known. */
export const examiningCommands = [
  'acl|dryrun',
  'cluster|info',
  'config|get',
  'info',
] as const;

/** The login with these rights. All keys, for workers name their streams as they like. */
export function operatorUser(name: string, password: string): AclUser {
  return { name, passwords: [password], commands, keys: ['*'], channels: [trackingChannel], selectors: [] };
}
