/**
 * Whose a key on the default Redis is. All of a namespace trust each other; of two namespaces, keys that begin with a
 * worker type are its worker's, and any other is of the older worker that names it. Pure.
 */
import { taskQueueKey } from '../../../contract/tasks.ts';
import type { KubeObject } from '../../cluster/cluster.ts';
import { globsMeet, literal, type Pattern, patternOf } from './glob.ts';
import type { ForeignKey } from '../model/observed.ts';
import { nameOf, seniority } from './seniority.ts';

/** The part of a worker that names keys, read from the object as it is. */
type Claiming = Pick<KubeObject, 'metadata' | 'spec'>;

interface RawSpec {
  readonly type?: string;
  readonly redis?: {
    readonly url?: string;
    readonly urls?: readonly string[];
    readonly keys?: readonly string[];
    readonly channels?: readonly string[];
  };
  readonly stream?: { readonly request?: string; readonly response?: string };
  readonly handler?: { readonly deadLetter?: string };
  readonly hats?: { readonly cluster?: string };
  readonly tasks?: { readonly queue?: string; readonly circlePublicKey?: string };
}

const channels = 'spec.redis.channels';

/** What a spec names, by field. */
interface Named {
  readonly field: string;
  readonly key: string;
  readonly pattern: Pattern;
}

/** The first that is another worker's of each thing the spec names. @param all the workers there are, itself among them */
export function foreignKeys(worker: Claiming, all: readonly Claiming[]): ForeignKey[] {
  if (!isOnDefault(worker) || namedBy(worker).length === 0) return [];
  const strangers = all.filter((other) => isStranger(worker, other));
  return namedBy(worker).flatMap(({ field, key, pattern }) => {
    const named = { field, key, pattern };
    const owner = strangers.find((other) => isOf(other, named) || (isOlder(other, worker) && names(other, named)));
    return owner === undefined ? [] : [{ field, key, worker: nameOf(owner) }];
  });
}

/** Keys, patterns and channels a worker names on the default Redis beside those of its own type. */
export function keysNamedBy(worker: Claiming): readonly string[] {
  return isOnDefault(worker) ? namedBy(worker).map(({ key }) => key) : [];
}

/** Whether one of the two decides what the other may name. */
export function claimsMeet(one: Claiming, other: Claiming): boolean {
  return isOnDefault(one) && isStranger(one, other) &&
    [[one, other], [other, one]].some(([mine, theirs]) =>
      mine !== undefined && theirs !== undefined &&
      namedBy(mine).some((named) => isOf(theirs, named) || names(theirs, named))
    );
}

/** Whether the keys of a worker type are what `worker` names of another namespace: then it has no say about them. */
export function intrudes(worker: Claiming, on: Claiming): boolean {
  return isOnDefault(worker) && isStranger(worker, on) && namedBy(worker).some((named) => isOf(on, named));
}

function isStranger(worker: Claiming, other: Claiming): boolean {
  return isOnDefault(other) && (other.metadata.namespace ?? 'default') !== (worker.metadata.namespace ?? 'default');
}

function isOnDefault({ spec }: Claiming): boolean {
  const { redis } = (spec ?? {}) as RawSpec;
  return redis?.url === undefined && redis?.urls === undefined;
}

/** Keys that begin so are made from the type; channels are of nobody before somebody names them. */
function isOf({ metadata, spec }: Claiming, { field, pattern }: Named): boolean {
  const { type = metadata.name } = (spec ?? {}) as RawSpec;
  return field !== channels &&
    [`${type}:`, `{${type}}:`].some((prefix) => globsMeet(pattern, [...literal(prefix), 'any']));
}

function names(other: Claiming, { field, pattern }: Named): boolean {
  const alike = namedBy(other).filter((named) => (named.field === channels) === (field === channels));
  return alike.some((named) => globsMeet(named.pattern, pattern));
}

function isOlder(one: Claiming, other: Claiming): boolean {
  return seniority(one.metadata) < seniority(other.metadata);
}

/** All keys of a cluster are of those who are in it. */
function clusterKeys(cluster: string): Named {
  const key = `${cluster}:*`;
  return { field: 'spec.hats.cluster', key, pattern: patternOf(key) };
}

/** Beside what begins with its own type. */
function namedBy({ metadata, spec }: Claiming): Named[] {
  const { type = metadata.name, stream, handler, redis, hats, tasks } = (spec ?? {}) as RawSpec;
  const isOwn = (key: string) => key.startsWith(`${type}:`) || key.startsWith(`{${type}}:`);
  const fields: readonly (readonly [string, string | undefined])[] = [
    ['spec.stream.request', stream?.request],
    ['spec.stream.response', stream?.response],
    ['spec.handler.deadLetter', handler?.deadLetter],
    ['spec.tasks.queue', tasks && (tasks.queue ?? taskQueueKey(tasks.circlePublicKey ?? ''))],
  ];
  const named = [
    ...fields.flatMap(([field, key]) => (key === undefined ? [] : [{ field, key, pattern: literal(key) }])),
    ...(hats?.cluster === undefined ? [] : [clusterKeys(hats.cluster)]),
    ...(redis?.keys ?? []).map((key) => ({ field: 'spec.redis.keys', key, pattern: patternOf(key) })),
    ...(redis?.channels ?? []).map((key) => ({ field: channels, key, pattern: patternOf(key) })),
  ];
  return named.filter(({ field, key }) => field === channels || !isOwn(key));
}
