/** `redisworker hats run`: a script now and once, and what it says. */
import { randomUUID } from 'node:crypto';
import { type AskedRun, askedRunsKey, failureText, type RunNews, runNewsKey } from '../contract/hats.ts';
import type { RedisClient } from '../operator/redis/requests/client.ts';
import { type ExitCode, exitCodes, Failure } from './failure.ts';
import { absent, findScript, type HatsWords, onRedis } from './hats.ts';
import type { Io } from './io.ts';
import { program } from './program.ts';

/** Seconds in which a worker is to take it. */
const takenWithin = 10;

/**
 * Has a worker of the cluster run a script and prints what it logs.
 * @returns 0 when it ended well, 1 when it failed
 * @throws Failure when nobody may run it, or it does not end in time
 */
export function runScript(words: HatsWords, script: string, seconds: number, io: Io): Promise<ExitCode> {
  return onRedis(words, io, async (redis, place) => {
    const { cluster } = place;
    const { kind, name, key } = await findScript(redis, place, script);
    if (kind === 'Endpoints') throw new Failure(`${kind}:${name} answers over HTTP: ask it there`, exitCodes.usage);
    const [source, state, owner, fenced] = await redis.hmget(key, 'Source', 'State', 'Owner', 'Fenced');
    if (!source) absent(place, script);
    const holder = state === 'running' && owner ? owner : undefined;
    if (holder !== undefined && (kind === 'Jobs' || fenced !== holder)) {
      throw new Failure(`${kind}:${name} is running on ${holder} right now: try again once it has ended`);
    }
    const asked: AskedRun = { id: randomUUID(), kind, name, until: Date.now() + takenWithin * 1000 };
    const list = askedRunsKey(cluster, holder);
    await redis.multi().rpush(list, JSON.stringify(asked)).expire(list, takenWithin).exec();
    return await follow(redis, { news: runNewsKey(cluster, asked.id), what: `${kind}:${name}`, seconds }, io);
  });
}

interface Followed {
  readonly news: string;
  readonly what: string;
  readonly seconds: number;
}

async function follow(redis: RedisClient, { news, what, seconds }: Followed, io: Io): Promise<ExitCode> {
  const until = Date.now() + seconds * 1000;
  for (let worker: string | undefined;;) {
    const wait = worker === undefined ? takenWithin : Math.max(1, Math.ceil((until - Date.now()) / 1000));
    const said = await next(redis, news, wait);
    if (said === undefined) throw new Failure(silent(worker, what, seconds));
    switch (said.say) {
      case 'begun':
        worker = said.worker;
        break;
      case 'log':
        if (said.level === 'info') io.out(said.text);
        else io.err(said.text);
        break;
      case 'refused':
        throw new Failure(`${what} was not run: ${said.why}`);
      case 'ended':
        if (said.failure) throw new Failure(`${what} failed on ${worker ?? ''}: ${failureText(said.failure)}`);
        io.err(`${what} ran on ${worker ?? ''} in ${said.ms} ms`);
        return exitCodes.ok;
    }
  }
}

async function next(redis: RedisClient, news: string, seconds: number): Promise<RunNews | undefined> {
  const popped = await redis.blpop(news, seconds);
  return popped ? JSON.parse(popped[1]) as RunNews : undefined;
}

function silent(worker: string | undefined, what: string, seconds: number): string {
  return worker === undefined
    ? `no worker of the cluster took ${what} within ${takenWithin} s: "${program} status" tells whether they run`
    : `${what} did not end on ${worker} within ${seconds} s: it goes on; --timeout waits longer`;
}
