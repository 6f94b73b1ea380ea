/** What a login must be allowed, as commands that can be tried without being carried out. Pure. */
import { countField } from '../../../contract/counts.ts';
import { replyListKey, traceHashKey } from '../../../contract/keys.ts';
import type { Command } from '../command-key.ts';
import { trackingChannel } from '../tracking.ts';

/** The keys of one worker. */
export interface WorkerKeys {
  /** Config hash of a consumer. */
  readonly hash: string;
  readonly request: string;
  readonly responses: string;
  readonly deadLetters: string;
  readonly retries: string;
  readonly record: string;
  readonly group: string;
}

/** Who has to do it. */
export type Actor = 'operator' | 'worker' | 'users' | 'news';

/** A command as it would be sent, and who needs it. */
export interface Need {
  readonly actor: Actor;
  readonly command: Command;
  /** The key it works on, or a pattern of such keys; absent for a command without one. */
  readonly key?: string;
}

const someReference = 'redisworker-doctor';
const someId = '0-1';

/** What the operator does for a worker. */
export function operatorNeeds({ hash, request, responses, deadLetters, retries, record, group }: WorkerKeys): Need[] {
  return needs('operator', [
    [['CLIENT', 'SETNAME', 'redisworker-operator']],
    [['TIME']],
    [['EVALSHA', '0'.repeat(40), 3, request, record, responses], request],
    [['EVAL', 'return 0', 1, hash], hash],
    ...onKey(hash, ['TYPE'], ['HGETALL'], ['HGET', 'pid'], ['HSET', 'type', ''], ['HDEL', 'pid'], ['DEL']),
    ...onKey(record, ['TYPE'], ['HGETALL'], ['HGET', 'resource'], ['HMGET', 'resource'], ['HSET', 'resource', ''], [
      'HDEL',
      'resource',
    ]),
    ...onStream(request, group),
    [['XREAD', 'COUNT', 1, 'STREAMS', request, '0'], request],
    [['XCLAIM', request, group, '1', 0, someId], request],
    [['XGROUP', 'CREATE', request, group, '0', 'MKSTREAM'], request],
    [['XGROUP', 'DELCONSUMER', request, group, '1'], request],
    [['XGROUP', 'DESTROY', request, group], request],
    ...onKey(responses, ['TYPE'], ['XREVRANGE', '+', '-', 'COUNT', 1]),
    [['XREAD', 'COUNT', 1, 'STREAMS', responses, '0'], responses],
    ...onKey(retries, ['ZCARD'], ['ZRANGEBYSCORE', 0, 1]),
    ...onKey(deadLetters, ['XLEN']),
  ]);
}

/** What runs in a pod. */
export type Runtime = 'Handler' | 'Script';

/** What a pod does, with the login its pods have. */
export function workerNeeds(keys: WorkerKeys, runtime: Runtime): Need[] {
  return needs('worker', [...programNeeds(keys), ...(runtime === 'Handler' ? handlerNeeds(keys) : [])]);
}

/** What our runtime does, and programs of the older contract do as far as is known. */
function programNeeds({ hash, request, responses, group }: WorkerKeys): Wanted[] {
  return [
    [['CLIENT', 'SETNAME', 'redisworker']],
    [['PING']],
    ...onKey(hash, ['HGETALL'], ['HMGET', 'pid'], ['HSET', 'pid', ''], ['HDEL', 'pid'], ['HINCRBY', 'err:ref', 1]),
    ...onStream(request, group),
    [['XREADGROUP', 'GROUP', group, '1', 'COUNT', 1, 'STREAMS', request, '>'], request],
    [['XGROUP', 'CREATE', request, group, '0', 'MKSTREAM'], request],
    [['XACK', request, group, someId], request],
    added(responses),
    ...anyReference(replyListKey, ['LPUSH', ''], ['EXPIRE', 8]),
    ...anyReference(traceHashKey, ['HSET', 'trace', ''], ['EXPIRE', 8]),
  ];
}

/** Retries, dead letters, leases, trimming, and the guard in front of each commit. */
function handlerNeeds({ hash, request, deadLetters, retries, record, group }: WorkerKeys): Wanted[] {
  return [
    [['EVAL', 'return 0', 2, hash, request], request],
    [['XCLAIM', request, group, '1', 0, someId], request],
    [['XAUTOCLAIM', request, group, '1', 0, '0'], request],
    [['XTRIM', request, 'MINID', '0'], request],
    added(request),
    added(deadLetters),
    ...onKey(retries, ['ZADD', 0, ''], ['ZRANGEBYSCORE', 0, 1], ['ZREM', '']),
    ...onKey(record, ['HGET', 'position'], ['HINCRBY', countField('1', 200), 1]),
    ...anyReference(traceHashKey, ['PTTL']),
  ];
}

function added(stream: string): Wanted {
  return [['XADD', stream, '*', 'ref', ''], stream];
}

/** What giving each worker a user of its own takes. */
export function userNeeds(): Need[] {
  return needs('users', [
    [['ACL', 'SETUSER', someReference, 'reset']],
    [['ACL', 'GETUSER', someReference]],
    [['ACL', 'DELUSER', someReference]],
    [['ACL', 'LIST']],
    [['COMMAND', 'INFO', 'get']],
  ]);
}

/** What being told of changes takes, instead of asking for them. */
export function newsNeeds(): Need[] {
  return needs('news', [
    [['CLIENT', 'ID']],
    [['CLIENT', 'TRACKING', 'OFF']],
    [['SUBSCRIBE', trackingChannel]],
  ]);
}

/** A command to be tried, and the key it works on. */
export type Wanted = readonly [command: Command, key?: string];

function needs(actor: Actor, wanted: readonly Wanted[]): Need[] {
  return wanted.map(([command, key]) => ({ actor, command, ...(key === undefined ? {} : { key }) }));
}

/** Commands whose first argument is the key. */
export function onKey(key: string, ...commands: readonly Command[]): Wanted[] {
  return commands.map(([name, ...args]) => [[name, key, ...args], key]);
}

/** Tried with one reference, and told for all. */
function anyReference(keyOf: (ref: string) => string, ...commands: readonly Command[]): Wanted[] {
  return onKey(keyOf(someReference), ...commands).map(([command]) => [command, keyOf('*')]);
}

function onStream(stream: string, group: string): Wanted[] {
  return [
    [['XINFO', 'STREAM', stream], stream],
    [['XINFO', 'GROUPS', stream], stream],
    [['XINFO', 'CONSUMERS', stream, group], stream],
    [['XPENDING', stream, group], stream],
    [['XRANGE', stream, '-', '+', 'COUNT', 1], stream],
  ];
}

/** A command as ACL rules write it: `hget`, `xgroup|create`. */
export function ruleName([name, first]: Command): string {
  const word = name.toLowerCase();
  return ['acl', 'client', 'command', 'xgroup', 'xinfo'].includes(word)
    ? `${word}|${String(first).toLowerCase()}`
    : word;
}
