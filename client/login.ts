/** The address of a Redis as a user gives it, apart from the login that may stand in it. Pure. */
import { formatRedisAddress, parseRedisAddress } from '../contract/redis-address.ts';

/** A URL without credentials, in its one form, and the credentials. */
export interface GivenLogin {
  readonly url: string;
  readonly username?: string;
  readonly password?: string;
}

/**
 * Takes the credentials out of a URL; `password` is taken when it has none.
 * @throws Error when it is no Redis URL; it is never repeated
 */
export function splitLogin(userUrl: string, password?: string): GivenLogin {
  const [, scheme = '', login = '', rest = ''] = /^([a-z+]+:\/\/)(?:(.*)@)?([^@]*)$/is.exec(userUrl) ?? [];
  const [username = '', ...secret] = login.split(':');
  const given = decoded(secret.join(':')) || password;
  return {
    url: formatRedisAddress(parseRedisAddress(scheme === '' ? userUrl : `${scheme}${rest}`)),
    ...(username === '' ? {} : { username: decoded(username) }),
    ...(given === undefined ? {} : { password: given }),
  };
}

/** A percent sign that begins no code means itself: a password need not have been written for a URL. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
