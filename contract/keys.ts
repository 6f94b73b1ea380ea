/** Every Redis key of the product. No key literal may exist outside this file. */

/** Hash that configures one consumer of a worker type: `<type>:<consumer id>:h`. */
export function configHashKey(type: string, consumerId: string): string {
  return `${type}:${consumerId}:h`;
}

/** Stream that carries the requests of a worker type, unless the manifest names another. */
export function requestStreamKey(type: string): string {
  return `${type}:req:x`;
}

/** Stream that carries the responses of a worker type, unless the manifest names another. */
export function responseStreamKey(type: string): string {
  return `${type}:res:x`;
}

/** Stream that keeps requests nobody could finish, unless the manifest names another. */
export function deadLetterStreamKey(type: string): string {
  return `${type}:dead:x`;
}

/** Sorted set of requests that wait for their next attempt, scored by due time in ms. */
export function retryScheduleKey(type: string): string {
  return `${type}:retry:z`;
}

/**
 * Hash that remembers a consumer group beyond its life: fields `resource`, the manifest that may take the group down,
 * and `position`, up to where everything is known to be acknowledged. See group.ts.
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
