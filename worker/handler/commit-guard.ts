/**
 * The question in front of a commit: is everything it rests on as it should be? It goes ahead of the transaction in the
 * same write, so that the usual commit costs no round trip more; a no makes the transaction come to nothing.
 */
import { ownerField, pidField, sessionField } from '../../contract/config-hash.ts';
import type { Identity } from '../pod/identity.ts';
import { asterisk, type ByteWriter } from '../redis/byte-writer.ts';
import { type Command, encodeArguments } from '../redis/commands.ts';
import { type TextPlaces, writeReplyKey, writeTraceKey } from './answer-commands.ts';
import type { Place } from './place.ts';
import type { Records } from './records.ts';

const utf8 = new TextEncoder();

/** Field of the config hash that is there for no longer than it takes to be removed. */
export const markField = 'rw:commit';

/**
 * KEYS: the config hash, which is watched; the response stream; keys that must not exist. ARGV: pid, owner and session.
 * Returns 1; or 0, and has changed what is watched.
 */
const guardScript = `local holder = redis.call('HMGET', KEYS[1], '${pidField}', '${ownerField}', '${sessionField}')
local responses = redis.call('TYPE', KEYS[2]).ok
if holder[1] == ARGV[1] and holder[2] == ARGV[2] and (holder[3] or '') == ARGV[3]
  and (responses == 'stream' or responses == 'none')
  and (#KEYS == 2 or redis.call('EXISTS', unpack(KEYS, 3)) == 0) then return 1 end
redis.call('HSET', KEYS[1], '${markField}', 1)
redis.call('HDEL', KEYS[1], '${markField}')
return 0`;

/** Replies that come ahead of the transaction: that of WATCH and that of the guard. */
export const guardReplies = 2;

/** Writes the question for one place and who has it. */
export class CommitGuard {
  readonly #guardsTraces: boolean;
  readonly #watch: Uint8Array;
  readonly #evaluate: Uint8Array;
  readonly #keys: Uint8Array;
  readonly #holder: Uint8Array;

  /** @param guardsTraces whether a trace's life is the life of its hash, so that nobody else may have written to that */
  constructor({ hashKey, responseStream }: Place, { pid, owner, session }: Identity, guardsTraces: boolean) {
    this.#guardsTraces = guardsTraces;
    this.#watch = utf8.encode(`*2\r\n${encodeArguments('WATCH', hashKey)}`);
    this.#evaluate = utf8.encode(encodeArguments('EVAL', guardScript));
    this.#keys = utf8.encode(encodeArguments(hashKey, responseStream));
    this.#holder = utf8.encode(encodeArguments(pid ?? '', owner, session ?? ''));
  }

  /** @param records of each of the requests */
  write(requests: readonly TextPlaces[], records: readonly Records[], out: ByteWriter): void {
    const replies = records.reduce((count, { reply }) => (reply ? count + 1 : count), 0);
    const keys = 2 + replies + (this.#guardsTraces ? requests.length : 0);
    out.bytes(this.#watch).header(asterisk, keys + 6).bytes(this.#evaluate).number(keys).bytes(this.#keys);
    requests.forEach((at, index) => {
      if (records[index]?.reply === true) writeReplyKey(at, out);
      if (this.#guardsTraces) writeTraceKey(at, out);
    });
    out.bytes(this.#holder);
  }
}

/** Asks the question by itself. A server that will not run it answers with an error. */
export function guardCommand({ hashKey, responseStream }: Place, { pid, owner, session }: Identity): Command {
  return ['EVAL', guardScript, 2, hashKey, responseStream, pid ?? '', owner, session ?? ''];
}
