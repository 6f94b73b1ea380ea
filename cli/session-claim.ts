/** Two `up` with one identity would fight over the same hashes: the second is refused, whichever folders they use. */
import { createHash, randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { z } from 'zod';
import type { RedisTls } from '../contract/redis-tls.ts';
import { systemClock } from '../operator/clock.ts';
import { birthOf, pidSpace } from '../operator/cluster/local/index.ts';
import type { Log } from '../operator/observability/log.ts';
import { RedisConnections } from '../operator/redis/connections.ts';
import type { RedisLink } from '../operator/redis/link.ts';
import { claimName } from '../operator/redis/name-claim.ts';
import { parseRedisUrl } from '../operator/redis/target.ts';
import { Failure } from './failure.ts';
import { program } from './program.ts';
import type { RedisAccess } from './redis-login.ts';
import { userName } from './user.ts';

const holderSchema = z.object({
  host: z.string(),
  pid: z.number(),
  since: z.string(),
  /** Where the pid means something, and which process it meant there. */
  pidSpace: z.string(),
  birth: z.string().optional(),
  id: z.string(),
});
type Holder = z.infer<typeof holderSchema>;

/** A session that nobody else runs. */
export interface SessionClaim {
  /** Rejects when another process has taken the session over. */
  readonly lost: Promise<never>;
  release(): Promise<void>;
}

/** What a session is to a Redis: `up` of one user on one machine under one name, whatever it runs. */
export function identityOf(session: string, ...more: readonly string[]): string {
  const identity = JSON.stringify([hostname(), userName(), session, ...more]);
  return createHash('sha256').update(identity).digest('hex');
}

/**
 * Claims the session in its Redis for as long as this process runs.
 * @throws Failure that says who has it
 */
export async function claimSession(
  session: string,
  { url, ...login }: RedisAccess,
  log: Log,
  tlsNow: () => RedisTls | undefined,
): Promise<SessionClaim> {
  const parsed = parseRedisUrl(url);
  const lost = Promise.withResolvers<never>();
  lost.promise.catch(() => undefined); // told to whoever waits for it
  if (!parsed.ok) return { lost: lost.promise, release: () => Promise.resolve() };
  const connections = new RedisConnections();
  const link = (): RedisLink => {
    const tls = tlsNow();
    return connections.control({ ...parsed.target, ...login, ...(tls ? { tls } : {}) });
  };
  const claim = await claimName({ script: (...asked) => link().script(...asked) }, {
    key: `redisworker:up:${identityOf(session).slice(0, 16)}`,
    holder: JSON.stringify(await ourselves()),
    clock: systemClock,
    isDead,
    onLost: (holder) => lost.reject(taken(session, holder)),
    onFault: (fault) => log.info({ reason: fault.code }, 'the proof that this session runs cannot be written to Redis'),
  });
  if (!claim.isHeld) {
    connections.close();
    throw taken(session, claim.holder);
  }
  return {
    lost: lost.promise,
    async release() {
      await claim.release();
      connections.close();
    },
  };
}

async function ourselves(): Promise<Holder> {
  const birth = await birthOf(process.pid);
  return {
    host: hostname(),
    pid: process.pid,
    since: new Date().toISOString().replace(/\.\d+Z$/, 'Z'),
    pidSpace: await pidSpace(),
    ...(birth === undefined ? {} : { birth }),
    id: randomUUID(),
  };
}

/** Of a process elsewhere nothing can be known but its proof. */
async function isDead(text: string): Promise<boolean> {
  const holder = read(text);
  return holder?.pidSpace === await pidSpace() && await birthOf(holder.pid) !== holder.birth;
}

function taken(session: string, text: string): Failure {
  const holder = read(text);
  const who = holder ? `host ${holder.host}, pid ${holder.pid}, since ${holder.since}` : 'a process that is not known';
  return new Failure(
    `"${program} up" with the name "${session}" already uses this Redis (${who}): stop it with Ctrl-C, or start this one beside it with --name second; if it was killed, its name is free within 15 s`,
  );
}

function read(text: string): Holder | undefined {
  try {
    return holderSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
