/** Which passwords the Redis user of a worker has: one, and while it is replaced the one before as well. Pure. */
import type { KubeObject } from '../../cluster/cluster.ts';
import { redisPasswordFileName } from '../../../contract/pod.ts';
import { annotations } from '../model/names.ts';

/** Passwords of a worker's own user. */
export interface RedisPasswords {
  readonly current: string;
  /** The one before, for as long as a pod may have it. */
  readonly previous?: string;
  /** ISO time the current one was made at. */
  readonly made: string;
  /** What the worker's annotation asked for when it was made; a change asks for another. */
  readonly asked: string;
}

/** Key of the Secret that holds the password before; no pod reads it. */
export const previousPasswordKey = 'redis-password-previous';

/** What asks for another password. */
export interface Rotation {
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Age at which a password is replaced, in milliseconds; never when undefined. */
  readonly maxAgeMs: number | undefined;
  /** A value the worker's user changes at will. */
  readonly asked: string;
  /** Makes a password nobody has yet; asked only for one that is needed. */
  readonly fresh: () => string;
}

/** The passwords as they are to be. One that is being replaced is not replaced again before the first has gone. */
export function passwordsOf(
  found: RedisPasswords | undefined,
  { now, maxAgeMs, asked, fresh }: Rotation,
): RedisPasswords {
  const made = new Date(now).toISOString();
  if (found === undefined) return { current: fresh(), made, asked };
  const isOld = maxAgeMs !== undefined && now - Date.parse(found.made) >= maxAgeMs;
  if (found.previous !== undefined || !(isOld || asked !== found.asked)) return found;
  return { current: fresh(), previous: found.current, made, asked };
}

/** What a runtime Secret remembers; undefined when it holds no password of a user of the worker's own. */
export function rememberedPasswords(secret: KubeObject | undefined): RedisPasswords | undefined {
  const { [annotations.redisPasswordMade]: made, [annotations.redisPasswordAsked]: asked = '' } =
    secret?.metadata.annotations ?? {};
  const current = valueOf(secret, redisPasswordFileName);
  if (made === undefined || Number.isNaN(Date.parse(made)) || !current) return undefined;
  const previous = valueOf(secret, previousPasswordKey);
  return { current, ...(previous ? { previous } : {}), made, asked };
}

function valueOf(secret: KubeObject | undefined, key: string): string | undefined {
  const value = (secret?.data as Record<string, string> | undefined)?.[key];
  return value === undefined ? undefined : Buffer.from(value, 'base64').toString('utf8');
}
