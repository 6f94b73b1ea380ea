/** Keeps the Redis user of a worker as it is to be, whoever has changed or deleted it. Pure. */
import type { Action, Why } from '../model/action.ts';
import type { UserState } from '../../redis/user-comparison.ts';
import type { ObservedSpec } from '../model/observed.ts';

const whys: Readonly<Record<Exclude<UserState, 'current'>, Why>> = {
  missing: 'RedisUserMissing',
  drifted: 'RedisUserDrifted',
  otherPasswords: 'RedisPasswordChanged',
};

/** The write that is due. Pods that run are helped by it whatever else is wrong with their worker. */
export function redisUser({ access, redis, foreignKeys }: ObservedSpec): Action[] {
  if (redis.kind === 'fault' || redis.user === undefined || redis.user === 'current') return [];
  if (!access.ok || access.value.login.kind !== 'own') return [];
  const endsConnections = redis.user === 'drifted' && foreignKeys.length > 0;
  return [{ do: 'setRedisUser', user: access.value.login.user.name, endsConnections, why: whys[redis.user] }];
}

/** The end of the user, once no pod is left to use it. */
export function removedRedisUser({ access, redis }: ObservedSpec): Action[] {
  if (redis.kind === 'fault' || redis.user === undefined || redis.user === 'missing') return [];
  if (!access.ok || access.value.login.kind !== 'own') return [];
  return [{ do: 'deleteRedisUser', user: access.value.login.user.name, why: 'WorkerDeleted' }];
}
