/** `redisworker hats`: what its commands print, and how they fail. */
import { failureText, scriptKey, type ScriptKind, scriptKinds } from '../contract/hats.ts';
import { usualScripts } from '../operator/page/worker-streams.ts';
import type { RedisClient } from '../operator/redis/requests/client.ts';
import { printable, shortened } from '../operator/redis/requests/printable.ts';
import type { ScriptPlace } from '../operator/redis/requests/worker-streams.ts';
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
  /** The HATS cluster, when neither the manifest nor the type names it. */
  readonly cluster?: string;
}

/** Where its scripts are. */
export interface HatsPlace extends ScriptPlace {
  readonly type: string;
}

const errorLength = 80;

/** Prints the scripts as a table. */
export function listScripts(words: HatsWords, io: Io): Promise<ExitCode> {
  return onRedis(words, io, async (redis, { cluster, found }) => {
    const keys = Object.keys(await redis.hgetall(found)).sort();
    const rows = await Promise.all(keys.map((key) => rowOf(redis, cluster, key)));
    if (rows.length === 0) {
      io.err(`the workers of type ${words.type} have found no script`);
    } else {
      for (const line of alignRows([['SCRIPT', 'STATE', 'STATUS', 'OWNER', 'ERROR'], ...rows])) io.out(line);
    }
    return exitCodes.ok;
  });
}

async function rowOf(redis: RedisClient, cluster: string, key: string): Promise<string[]> {
  const [state, status, owner, error, at] = await redis.hmget(key, 'State', 'Status', 'Owner', 'Error', 'ErrorAt');
  const name = key.startsWith(`${cluster}:`) ? key.slice(cluster.length + 1) : key;
  // Nobody takes an endpoint: it has no state.
  const none = name.startsWith('Endpoints:') ? '' : 'gone';
  const told = [name, state ?? none, status ?? '', owner ?? ''].map((text) => shown(text));
  return [...told, shortened(shown(error ? failureText({ error, at: at ?? '' }) : ''), errorLength)];
}

/** Prints one script with every field. @throws Failure when it is not there */
export function showScript(words: HatsWords, script: string, io: Io): Promise<ExitCode> {
  return onRedis(words, io, async (redis, place) => {
    const { key } = await findScript(redis, place, script);
    const fields = Object.entries(await redis.hgetall(key));
    if (fields.length === 0) absent(place, script);
    const short = fields.filter(([name]) => name !== 'Source').sort(([one], [other]) => (one < other ? -1 : 1));
    for (const line of alignRows(short.map(([name, value]) => [name, shown(value)]))) io.out(line);
    io.out('');
    io.out(fields.find(([name]) => name === 'Source')?.[1] ?? '');
    return exitCodes.ok;
  });
}

/** Switches a script on or off. @throws Failure when it is not there */
export function switchScript(words: HatsWords, script: string, status: string, io: Io): Promise<ExitCode> {
  return onRedis(words, io, async (redis, place) => {
    const { key } = await findScript(redis, place, script);
    if ((await redis.hget(key, 'Source')) === null) absent(place, script);
    await redis.hset(key, 'Status', status);
    io.out(`${key} is ${status}`);
    return exitCodes.ok;
  });
}

/** Nothing is shown as nothing, and what no terminal should get as redis-cli quotes it. */
function shown(text: string): string {
  return text === '' ? '' : printable(Buffer.from(text));
}

/** The script of a name, which may leave out its kind. @throws Failure when several kinds have one of that name */
export async function findScript(
  redis: RedisClient,
  { type, cluster, found: foundKey }: HatsPlace,
  script: string,
): Promise<{ readonly kind: ScriptKind; readonly name: string; readonly key: string }> {
  const named = scriptKinds.flatMap((kind) =>
    script.startsWith(`${kind}:`) ? [{ kind, name: script.slice(kind.length + 1) }] : []
  );
  const keys = named.length > 0 ? [] : Object.keys(await redis.hgetall(foundKey));
  const alike = scriptKinds.filter((kind) => keys.includes(scriptKey(cluster, kind, script)));
  if (alike.length > 1) {
    const names = alike.map((kind) => `${kind}:${script}`).join(' and ');
    throw new Failure(`there are ${names}: name one of them`, exitCodes.usage);
  }
  const [found] = [...named, ...alike.map((kind) => ({ kind, name: script }))];
  if (found === undefined) return absent({ type }, script);
  return { ...found, key: scriptKey(cluster, found.kind, found.name) };
}

export function absent({ type }: Pick<HatsPlace, 'type'>, script: string): never {
  throw new Failure(`there is no script ${script}; "${program} hats list ${type}" shows which there are`);
}

/** Does it on the Redis of the worker. @throws Failure when that cannot be reached, or refuses */
export async function onRedis(
  words: HatsWords,
  io: Io,
  act: (redis: RedisClient, place: HatsPlace) => Promise<ExitCode>,
): Promise<ExitCode> {
  const { type, name, namespace, redis: redisUrl } = words;
  const wanted = { type, session: name, namespace, redisUrl, tlsFiles: tlsFilesOf(words), keysNamed: true };
  const target = await findTarget(wanted, io);
  const { cluster, found } = { ...(target.scripts ?? usualScripts(type)), ...named(words) };
  const redis = await connectRedis(target.redisUrl, target);
  try {
    return await act(redis, { type, cluster, found });
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

function named({ cluster }: HatsWords): { readonly cluster?: string } {
  return cluster === undefined ? {} : { cluster };
}
