/** What the pods of a worker on a stream may do in Redis: nothing that no runtime of ours, and no program for it, does. */
import { groupRecordKey, replyListKey, traceHashKey } from '../../../../contract/keys.ts';
import { type AclPermissions, exactly } from '../../../redis/acl.ts';
import type { WorkAccess } from '../../model/work.ts';
import type { StreamBlueprint } from './blueprint.ts';

const onHashes = ['hdel', 'hget', 'hgetall', 'hincrby', 'hmget', 'hset'] as const;
const onAnyKey = ['exists', 'pttl', 'type', 'watch'] as const;
const onStreams = [
  'xack',
  'xadd',
  'xautoclaim',
  'xclaim',
  'xgroup|create',
  'xgroup|createconsumer',
  'xinfo|consumers',
  'xinfo|groups',
  'xinfo|stream',
  'xlen',
  'xpending',
  'xrange',
  'xread',
  'xreadgroup',
  'xrevrange',
  'xtrim',
] as const;
const onSchedule = ['zadd', 'zcard', 'zrangebyscore', 'zrem', 'zscore'] as const;

/** Replies and traces are keys callers name: what lies there is answered and added to, never read or taken. */
const replies: AclPermissions = { commands: ['lpush'], keys: [replyListKey('*')] };
const traces: AclPermissions = {
  commands: ['hexpire', 'hset', 'hsetex'],
  // The last one says all. A star in the middle is tried at every character, which the lengths of ULID and UUID save.
  keys: [26, 36].map((length) => traceHashKey('?'.repeat(length))).concat(traceHashKey('*')),
};

/** Both end by themselves. */
const ends: AclPermissions = { commands: ['expire'], keys: [...replies.keys, ...traces.keys] };

/**
 * What a commit looks at before it writes: whether keys are there, of which type, and for how long. It looks at keys of
 * the worker and of callers at once, and all keys one command is given have to be of one selector.
 */
const looks = ['exists', 'pttl', 'type', 'watch'] as const;

/** Each command of a script is held to the rights of its caller, so that the keys it is called with open nothing. */
const scripts: AclPermissions = { commands: ['eval'], keys: ['*'] };

/**
 * The permissions of a worker on a stream. Servers try selectors and patterns in turn, once when a command is queued and
 * once when it is executed: what each answer needs comes first.
 * @param hashes pattern of its config hashes
 */
export function streamAccess(stream: StreamBlueprint, hashes: string): WorkAccess {
  const { request, group, responses, retries, settings: { deadLetterStream } } = stream;
  const streams = [responses, request].map(exactly);
  const onOwnKeys = [...onAnyKey, ...onHashes, ...onStreams];
  if (!stream.acknowledges) {
    return { ...ends, selectors: [replies, traces, { commands: onOwnKeys, keys: [...streams, hashes] }] };
  }
  const keys = [...streams, hashes, ...[deadLetterStream, retries, groupRecordKey(request, group)].map(exactly)];
  const own = { commands: [...onOwnKeys, ...onSchedule], keys };
  const looking = { commands: looks, keys: [...replies.keys, ...traces.keys, ...keys] };
  return { ...ends, selectors: [replies, traces, own, looking, scripts] };
}
