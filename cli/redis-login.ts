/** The address of a Redis as a user gives it, apart from the login that may stand in it. */
import { formatRedisAddress, parseRedisAddress } from '../contract/redis-address.ts';
import { Failure, messageOf } from './failure.ts';
import type { SentinelLogin } from './io.ts';

/** How to reach a Redis: a URL without credentials, and the credentials. */
export interface RedisAccess {
  readonly url: string;
  readonly username?: string;
  readonly password?: string;
  readonly sentinel?: SentinelLogin;
}

/**
 * Takes the credentials out of a URL that a user gave; `password` is taken when it has none.
 * @throws Failure (usage) when it is no Redis URL; it is never repeated.
 */
export function splitCredentials(userUrl: string, password?: string): RedisAccess {
  const [, scheme = '', login = '', rest = ''] = /^([a-z+]+:\/\/)(?:(.*)@)?([^@]*)$/is.exec(userUrl) ?? [];
  const [username = '', ...secret] = login.split(':');
  const given = decoded(secret.join(':')) || password;
  return {
    url: canonical(scheme === '' ? userUrl : `${scheme}${rest}`),
    ...(username === '' ? {} : { username: decoded(username) }),
    ...(given === undefined ? {} : { password: given }),
  };
}

function canonical(url: string): string {
  try {
    return formatRedisAddress(parseRedisAddress(url));
  } catch (error) {
    throw new Failure(messageOf(error), 2);
  }
}

/** A percent sign that begins no code means itself: a password need not have been written for a URL. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
