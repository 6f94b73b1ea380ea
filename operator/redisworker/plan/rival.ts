/** What two manifests must not share on one Redis: a worker type, a task queue, or a group of a request stream. The older one keeps it. */
import type { HostPort } from '../../../contract/host-port.ts';
import { defaultGroup, keyPrefix, requestStreamKey } from '../../../contract/keys.ts';
import { taskQueueKey } from '../../../contract/tasks.ts';
import type { RedisWorker } from '../../api/redisworker.ts';
import type { KubeObject } from '../../cluster/cluster.ts';
import { parseRedisUrl, urlOf } from '../../redis/target.ts';
import type { Rival } from '../model/observed.ts';
import { type NamedRedis, ownRedisUrl, topologyOf } from '../model/redis-url.ts';
import { clusterDomain } from '../model/services.ts';
import { intrudes } from './key-claims.ts';
import { type Hold, holdsNothing, nameOf, seniority } from './seniority.ts';

/**
 * The oldest other worker that shares what it must not, when it is older.
 * @param holdOf what the worker and each of its {@link twinsOf} hold
 */
export function rivalOf(
  worker: RedisWorker,
  all: readonly KubeObject[],
  defaultRedisUrl: string | undefined,
  holdOf: (uid: string | undefined) => Hold = () => holdsNothing,
): Rival | undefined {
  const ageOf = ({ metadata }: Pick<KubeObject, 'metadata'>) => seniority(metadata, holdOf(metadata.uid));
  const [eldest] = all
    .filter((other) => other.metadata.uid !== worker.metadata.uid && ageOf(other) < ageOf(worker))
    .flatMap((other) => {
      const over = claimOn(worker, other, defaultRedisUrl);
      return over === undefined ? [] : [{ other, over }];
    })
    .sort((a, b) => (ageOf(a.other) < ageOf(b.other) ? -1 : 1));
  return eldest && { worker: nameOf(eldest.other), over: eldest.over };
}

/** Those that share what they must not and were made in the same second: nobody is older by that. */
export function twinsOf(
  worker: KubeObject,
  all: readonly KubeObject[],
  defaultRedisUrl: string | undefined,
): readonly KubeObject[] {
  return all.filter(({ metadata }) =>
    metadata.uid !== worker.metadata.uid && metadata.creationTimestamp === worker.metadata.creationTimestamp
  ).filter((other) => clashOf(worker, other, defaultRedisUrl) !== undefined);
}

/** What another worker has a claim on that this one wants. */
function claimOn(
  worker: RedisWorker,
  other: KubeObject,
  defaultRedisUrl: string | undefined,
): Rival['over'] | undefined {
  const over = clashOf(worker, other, defaultRedisUrl);
  return over === 'group' && intrudes(other, worker) ? undefined : over;
}

/**
 * The worker that holds the group by what Redis says, when nothing in the two manifests tells that their Redis is the
 * same one: an address and a name for it, two names.
 * @param holder owner of the group, `<namespace>/<name>/<uid>`
 */
export function holderOf(
  worker: RedisWorker,
  all: readonly KubeObject[],
  defaultRedisUrl: string | undefined,
  holder: string | undefined,
): Rival | undefined {
  const uid = holder?.slice(holder.lastIndexOf('/') + 1);
  if (uid === undefined || uid === worker.metadata.uid) return undefined;
  const found = all.find(({ metadata }) => metadata.uid === uid);
  if (!found || clashOf(worker, found, defaultRedisUrl)) return undefined;
  const [mine, theirs] = [claimOf(worker, defaultRedisUrl), claimOf(found, defaultRedisUrl)];
  if (mine.request !== theirs.request || mine.group !== theirs.group) return undefined;
  return { worker: nameOf(found), over: 'group' };
}

/** What two workers share that they must not; undefined when they may stand side by side. */
export function clashOf(
  one: Pick<KubeObject, 'metadata' | 'spec'>,
  other: Pick<KubeObject, 'metadata' | 'spec'>,
  defaultRedisUrl: string | undefined,
): Rival['over'] | undefined {
  const [mine, theirs] = [claimOf(one, defaultRedisUrl), claimOf(other, defaultRedisUrl)];
  const over = mine.type === theirs.type
    ? 'type'
    : mine.request === theirs.request && mine.group === theirs.group
    ? 'group'
    : undefined;
  return over && targetOf(one, defaultRedisUrl) === targetOf(other, defaultRedisUrl) ? over : undefined;
}

/** Two workers share a type or a group exactly when they share one of these. */
export function claimKeysOf(
  worker: Pick<KubeObject, 'metadata' | 'spec'>,
  defaultRedisUrl: string | undefined,
): readonly string[] {
  const { type, request, group } = claimOf(worker, defaultRedisUrl);
  const target = targetOf(worker, defaultRedisUrl);
  return [`type ${JSON.stringify([type, target])}`, `group ${JSON.stringify([request, group, target])}`];
}

interface RawSpec {
  readonly type?: string;
  readonly redis?: NamedRedis;
  readonly stream?: { readonly request?: string; readonly group?: string };
  readonly tasks?: { readonly queue?: string; readonly circlePublicKey?: string };
}

/** Read from the object as it is: what follows from name and type is not written into it. */
function claimOf({ metadata, spec }: Pick<KubeObject, 'metadata' | 'spec'>, defaultRedisUrl: string | undefined) {
  const { type = metadata.name, stream, redis, tasks } = (spec ?? {}) as RawSpec;
  const prefix = keyPrefix(type, topologyOf(ownRedisUrl(redis) ?? defaultRedisUrl));
  const queue = tasks && (tasks.queue ?? taskQueueKey(tasks.circlePublicKey ?? ''));
  return { type, request: queue ?? stream?.request ?? requestStreamKey(prefix), group: stream?.group ?? defaultGroup };
}

/** One text per Redis and database, however its address is spelled. */
function targetOf(
  { metadata, spec }: Pick<KubeObject, 'metadata' | 'spec'>,
  defaultRedisUrl: string | undefined,
): string {
  const own = ownRedisUrl(((spec ?? {}) as RawSpec).redis);
  const url = own ?? defaultRedisUrl ?? '';
  const parsed = parseRedisUrl(url);
  if (!parsed.ok) return url;
  const namespace = own === undefined ? undefined : metadata.namespace ?? 'default';
  const [first, ...others] = parsed.target.hosts;
  const whole = ({ host, port }: HostPort): HostPort => ({ host: wholeName(host, namespace), port });
  return urlOf({ ...parsed.target, hosts: [whole(first), ...others.map(whole)] });
}

/** The names of a Service that are certain to be one: short in its namespace, and with less or more of the domain. */
function wholeName(host: string, namespace: string | undefined): string {
  if (/^[^.]+\.[^.]+\.svc$/.test(host)) return `${host}.${clusterDomain}`;
  const isShort = namespace !== undefined && host !== 'localhost' && !/[.:]/.test(host);
  return isShort ? `${host}.${namespace}.svc.${clusterDomain}` : host;
}
