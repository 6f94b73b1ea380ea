/** `redisworker hats`: what its commands print, and how they fail. */
import { failureText, foundScriptsKey } from '../contract/hats.ts';
import type { RedisClient } from '../operator/redis/requests/client.ts';
import { printable, shortened } from '../operator/redis/requests/printable.ts';
import { type ExitCode, exitCodes, Failure, messageOf } from './failure.ts';
import type { Io } from './io.ts';
import { program } from './program.ts';
import { connectRedis } from './redis.ts';
import { tlsFilesOf, type TlsOptions } from './redis-options.ts';
import { alignRows } from './table.ts';
import { findTarget } from './target.ts';

/** The words every command has. */
export interface HatsWords extends Readonly<TlsOptions> {
  readonly type: string;
  readonly name: string;
  readonly redis?: string;
  /** Of a worker of a cluster. */
  readonly namespace?: string;
  /** The HATS cluster, when it is not named as the type is. */
  readonly cluster?: string;
}

const errorLength = 80;

/** Prints the scripts as a table. */
export function listScripts(words: HatsWords, io: Io): Promise<ExitCode> {
  return onRedis(words, io, async (redis, cluster) => {
    const keys = (await redis.hkeys(foundScriptsKey(words.type))).sort();
    const rows = await Promise.all(keys.map((key) => rowOf(redis, cluster, key)));
    if (rows.length === 0) {
      io.err(`the workers of type ${words.type} have found no script`);
      return;
    }
    for (const line of alignRows([['SCRIPT', 'STATE', 'STATUS', 'OWNER', 'ERROR'], ...rows])) io.out(line);
  });
}

async function rowOf(redis: RedisClient, cluster: string, key: string): Promise<string[]> {
  const [state, status, owner, error, at] = await redis.hmget(key, 'State', 'Status', 'Owner', 'Error', 'ErrorAt');
  const name = key.startsWith(`${cluster}:`) ? key.slice(cluster.length + 1) : key;
  const told = [name, state ?? 'gone', status ?? '', owner ?? ''].map((text) => shown(text));
  return [...told, shortened(shown(error ? failureText({ error, at: at ?? '' }) : ''), errorLength)];
}

/** Prints one script with every field. @throws Failure when it is not there */
export function showScript(words: HatsWords, script: string, io: Io): Promise<ExitCode> {
  return onRedis(words, io, async (redis, cluster) => {
    const fields = Object.entries(await redis.hgetall(keyOf(cluster, script)));
    if (fields.length === 0) absent(words, script);
    const short = fields.filter(([name]) => name !== 'Source').sort(([one], [other]) => (one < other ? -1 : 1));
    for (const line of alignRows(short.map(([name, value]) => [name, shown(value)]))) io.out(line);
    io.out('');
    io.out(fields.find(([name]) => name === 'Source')?.[1] ?? '');
  });
}

/** Switches a script on or off. @throws Failure when it is not there */
export function switchScript(words: HatsWords, script: string, status: string, io: Io): Promise<ExitCode> {
  return onRedis(words, io, async (redis, cluster) => {
    const key = keyOf(cluster, script);
    if ((await redis.hget(key, 'Source')) === null) absent(words, script);
    await redis.hset(key, 'Status', status);
    io.out(`${key} is ${status}`);
  });
}

/** Nothing is shown as nothing, and what no terminal should get as redis-cli quotes it. */
function shown(text: string): string {
  return text === '' ? '' : printable(Buffer.from(text));
}

function keyOf(cluster: string, script: string): string {
  if (/^(Threads|Jobs):./.test(script)) return `${cluster}:${script}`;
  throw new Failure(
    `a script is named as "${program} hats list" shows it, for example Threads:shout.js`,
    exitCodes.usage,
  );
}

function absent({ type }: HatsWords, script: string): never {
  throw new Failure(`there is no script ${script}; "${program} hats list ${type}" shows which there are`);
}

async function onRedis(
  words: HatsWords,
  io: Io,
  act: (redis: RedisClient, cluster: string) => Promise<void>,
): Promise<ExitCode> {
  const { type, name, namespace, redis: redisUrl, cluster = type } = words;
  const wanted = { type, session: name, namespace, redisUrl, tlsFiles: tlsFilesOf(words), keysNamed: true };
  const target = await findTarget(wanted, io);
  const redis = await connectRedis(target.redisUrl, target);
  try {
    await act(redis, cluster);
    return exitCodes.ok;
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw new Failure(
      `the scripts of ${cluster} cannot be looked at: Redis says "${messageOf(error)}"`,
      exitCodes.failed,
      { cause: error },
    );
  } finally {
    redis.disconnect();
  }
}
