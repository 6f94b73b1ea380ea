/** The address of a Redis as a user gives it, apart from the login that may stand in it. */
import { type GivenLogin, splitLogin } from '../client/login.ts';
import { Failure, messageOf } from './failure.ts';
import type { SentinelLogin } from './io.ts';

/** How to reach a Redis: a URL without credentials, and the credentials. */
export interface RedisAccess extends GivenLogin {
  readonly sentinel?: SentinelLogin;
}

/**
 * Takes the credentials out of a URL that a user gave; `password` is taken when it has none.
 * @throws Failure (usage) when it is no Redis URL; it is never repeated.
 */
export function splitCredentials(userUrl: string, password?: string): RedisAccess {
  try {
    return splitLogin(userUrl, password);
  } catch (error) {
    throw new Failure(messageOf(error), 2);
  }
}
