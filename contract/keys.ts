/**
 * Every Redis key of the product. No key literal may exist outside this file. What is asked for by `prefix` takes that
 * of {@link keyPrefix}.
 */
import type { RedisTopology } from './redis-address.ts';

/**
 * What every key of a worker type begins with: the type, in a Cluster as the hash tag `{type}`, so that all of them lie
 * in one slot.
 */
export function keyPrefix(type: string, topology: RedisTopology): string {
  return topology.kind === 'Cluster' ? `{${type}}` : type;
}

/** Hash that configures one consumer of a worker type: `<prefix>:<consumer id>:h`. */
export function configHashKey(prefix: string, consumerId: string): string {
  return `${prefix}:${consumerId}:h`;
}

/** Stream that carries the requests of a worker type, unless the manifest names another. */
export function requestStreamKey(prefix: string): string {
  return `${prefix}:req:x`;
}

/** Stream that carries the responses of a worker type, unless the manifest names another. */
export function responseStreamKey(prefix: string): string {
  return `${prefix}:res:x`;
}

/** Stream that keeps requests nobody could finish, unless the manifest names another. */
export function deadLetterStreamKey(prefix: string): string {
  return `${prefix}:dead:x`;
}

/** Sorted set of requests that wait for their next attempt, scored by due time in ms. */
export function retryScheduleKey(prefix: string): string {
  return `${prefix}:retry:z`;
}

/**
 * Hash that remembers a consumer group beyond its life: fields `resource`, the manifest that may take the group down,
 * and `position`, up to where everything is known to be acknowledged, see group.ts; and what is counted there instead of
 * being written, see counts.ts.
 */
export function groupRecordKey(requestStream: string, group: string): string {
  return `${requestStream}:${group}:g`;
}

/** List of one element: the reply to the request `ref`. */
export function replyListKey(ref: string): string {
  return `res:${ref}`;
}

/** Hash with what each service did for the request `ref`. */
export function traceHashKey(ref: string): string {
  return `req:${ref}:h`;
}

/** The consumer group of a worker type, unless the manifest names another. */
export const defaultGroup = 'worker';
