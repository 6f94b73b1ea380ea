/** How a caller's words become connections to Redis. */
import { parseRedisAddress, type RedisTopology } from '../contract/redis-address.ts';
import { openRequests, type RedisClient } from '../operator/redis/requests/client.ts';
import type { RedisTarget } from '../operator/redis/target.ts';
import { splitLogin } from './login.ts';

const connectMs = 5000;

/** See ConnectOptions in mod.ts. */
interface Words {
  readonly url: string;
  readonly username?: string;
  readonly password?: string;
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string; readonly serverName?: string };
  readonly sentinel?: { readonly username?: string; readonly password?: string };
}

/** Opens a connection each time. @throws Error for words that name no Redis */
export function dialling(words: Words): {
  readonly dial: () => Promise<RedisClient>;
  readonly topology: RedisTopology;
} {
  const target = targetOf(words);
  return { dial: () => openRequests(target, connectMs), topology: target.topology };
}

function targetOf({ url: given, username, password, tls = {}, sentinel }: Words): RedisTarget {
  const { url, ...login } = splitLogin(given, password);
  const { tls: speaksTls, ...address } = parseRedisAddress(url);
  const { ca, cert, key, serverName } = tls;
  return {
    ...address,
    ...(username === undefined ? {} : { username }),
    ...login,
    ...(sentinel ? { sentinel } : {}),
    ...(speaksTls
      ? {
        tls: {
          ...(ca === undefined ? {} : { ca }),
          ...(cert === undefined || key === undefined ? {} : { client: { cert, key } }),
          ...(serverName === undefined ? {} : { serverName }),
        },
      }
      : {}),
  };
}
