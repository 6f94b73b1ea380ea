/** What one look at the keys beside a request stream shows. */
import { type Count, decodeCounts } from '../../contract/counts.ts';
import { groupRecordKey } from '../../contract/keys.ts';
import { RedisFault } from './fault.ts';
import type { RedisLink } from './link.ts';
import { fieldsOf, items, number, text } from './replies.ts';

/** A request stream and the keys beside it. */
export interface StreamKeys {
  readonly request: string;
  readonly group: string;
  readonly responses: string;
  readonly deadLetters: string;
  /** Requests that wait for their next attempt. */
  readonly retries: string;
}

/** What stands beside a request stream. */
export interface BesideStream {
  /** The manifest that may take the group down, `<namespace>/<name>/<uid>`; undefined when there is none. */
  readonly owner: string | undefined;
  /** Answers that workers have counted instead of writing responses. */
  readonly counts: readonly Count[];
  /** Requests that wait for their next attempt. */
  readonly scheduled: number;
  /** When the first of them is due, in milliseconds since 1970. */
  readonly nextRetryMs: number | undefined;
  /** Dead letters there are; undefined where the login may not count them. */
  readonly deadLetters: number | undefined;
  /** Keys that hold another type of value than they should. */
  readonly misfits: readonly Misfit[];
}

/** A key in the way, by what it is used for. */
export interface Misfit {
  readonly use: 'responses' | 'deadLetters' | 'retries' | 'record';
  readonly key: string;
}

/** Looks at the keys; what is absent is told, not thrown. @throws RedisFault */
export async function observeBeside(redis: RedisLink, keys: StreamKeys): Promise<BesideStream> {
  const uses = usesOf(keys);
  const [hash, scheduled, next, letters, ...types] = await redis.pipeline([
    ['HGETALL', groupRecordKey(keys.request, keys.group)],
    ['ZCARD', keys.retries],
    ['ZRANGEBYSCORE', keys.retries, '-inf', '+inf', 'WITHSCORES', 'LIMIT', 0, 1],
    ['XLEN', keys.deadLetters],
    ...uses.map(({ key }) => ['TYPE', key] as const),
  ]);
  for (const reply of [hash, scheduled, next, ...types]) {
    if (reply instanceof RedisFault && reply.code !== 'RedisWrongType') throw reply;
  }
  if (letters instanceof RedisFault && !countless.has(letters.code)) throw letters;
  const record = hash instanceof RedisFault ? new Map<string, unknown>() : fieldsOf(hash);
  return {
    owner: text(record.get('resource')) || undefined,
    counts: decodeCounts([...record].map(([name, value]) => [name, text(value)] as const)),
    scheduled: number(scheduled) ?? 0,
    nextRetryMs: scoreIn(next),
    deadLetters: letters instanceof RedisFault ? undefined : number(letters),
    misfits: uses.filter(({ type }, at) => !['none', type].includes(text(types[at]))).map(({ use, key }) => ({
      use,
      key,
    })),
  };
}

/** The score of the only member, which may be any number; undefined when there is none. */
function scoreIn(reply: unknown): number | undefined {
  const score = Number.parseFloat(text(items(reply)[1]));
  return Number.isNaN(score) ? undefined : score;
}

/** A key of another type holds no letters, and logins made for earlier versions may not ask for their number. */
const countless: ReadonlySet<string> = new Set(['RedisWrongType', 'RedisNoPermission']);

function usesOf({ request, group, responses, deadLetters, retries }: StreamKeys) {
  return [
    { use: 'responses', key: responses, type: 'stream' },
    { use: 'deadLetters', key: deadLetters, type: 'stream' },
    { use: 'retries', key: retries, type: 'zset' },
    { use: 'record', key: groupRecordKey(request, group), type: 'hash' },
  ] as const;
}
