/** The commands that finish requests in Redis, as one transaction. Pure but for the memory it writes into. */
import { errorCounterField, ownerField, pidField } from '../../contract/config-hash.ts';
import { retryScheduleKey } from '../../contract/keys.ts';
import { deadLetterLimit } from '../../contract/limits.ts';
import { runtimeFields } from '../../contract/runtime-fields.ts';
import { AnswerCommands, encodeArguments, type TellingClock, type TextPlaces } from './answer-commands.ts';
import { clock as machineClock } from '../pod/clock.ts';
import { asterisk, ByteWriter } from '../redis/byte-writer.ts';
import { type Arg, type Command, encodeCommands } from '../redis/commands.ts';
import type { Held } from './in-flight.ts';
import type { Place } from './place.ts';

/** A transaction, encoded, and where each request's replies are inside it. */
export interface EncodedCommit {
  readonly bytes: Uint8Array;
  /** Where the bytes are; to be given back by {@link CommitEncoder.release}. */
  readonly out: ByteWriter;
  /** Replies to read: MULTI, every queued command, EXEC, HMGET. */
  readonly replyCount: number;
  /** Index, inside the reply of EXEC, of the first command of each request. */
  readonly firstReply: readonly number[];
}

/** Commits whose memory is kept for the next ones, and up to which size. */
const maxSpares = 2;
const maxSpareBytes = 2 * 1024 * 1024;
const multi = new TextEncoder().encode('*1\r\n$5\r\nMULTI\r\n');

/** Encodes what a batch leaves behind, its acknowledgements and the question whether we still may, in one write. */
export class CommitEncoder {
  readonly #place: Place;
  readonly #answers: AnswerCommands;
  readonly #xack: Uint8Array;
  readonly #end: Uint8Array;
  /** Memory of commits that are over. */
  readonly #spare: ByteWriter[] = [];

  constructor(place: Place, clock: TellingClock = machineClock) {
    const utf8 = new TextEncoder();
    this.#place = place;
    this.#answers = new AnswerCommands(place, clock);
    this.#xack = utf8.encode(encodeArguments('XACK', place.requestStream, place.settings.group));
    this.#end = utf8.encode(
      `*1\r\n$4\r\nEXEC\r\n*4\r\n${encodeArguments('HMGET', place.hashKey, pidField, ownerField)}`,
    );
  }

  encode(batch: readonly Held[]): EncodedCommit {
    const out = (this.#spare.pop() ?? new ByteWriter()).clear();
    const texts: string[] = [];
    for (const held of batch) addTexts(held, texts);
    const bounds = out.texts(texts);
    const start = out.length;
    out.bytes(multi);
    const firstReply: number[] = [];
    const last = batch.findLastIndex(({ outcome: { answer } }) => answer !== undefined);
    let commands = 0;
    batch.forEach((held, index) => {
      firstReply.push(commands);
      commands += this.#finish(held, index === last, placesOf(bounds, index * textsPerRequest), out);
    });
    this.#acknowledge(batch.length, bounds, out);
    return { out, bytes: out.bytes(this.#end).writtenFrom(start), replyCount: commands + 4, firstReply };
  }

  /** Takes back the memory of a commit that Redis has answered. */
  release({ out }: EncodedCommit): void {
    if (this.#spare.length < maxSpares && out.capacity <= maxSpareBytes) this.#spare.push(out);
  }

  /** Writes what one request leaves behind; the number of commands. */
  #finish(held: Held, isLast: boolean, at: TextPlaces, out: ByteWriter): number {
    const { answer, refused, retryAt, dead } = held.outcome;
    const rare = (refused ?? retryAt ?? dead) === undefined ? [] : rareCommands(held, this.#place);
    if (rare.length > 0) out.bytes(encodeCommands(...rare));
    if (answer === undefined) return rare.length;
    this.#answers.write(held, answer, isLast, at, out);
    return rare.length + this.#answers.count;
  }

  #acknowledge(count: number, bounds: readonly number[], out: ByteWriter): void {
    out.header(asterisk, count + 3).bytes(this.#xack);
    for (let index = 0; index < count; index++) {
      const first = index * textsPerRequest;
      out.argument(bounds[first] as number, bounds[first + 1] as number);
    }
  }
}

const textsPerRequest = 5;

/** Adds the texts of a request that the commands repeat, {@link textsPerRequest} of them; '' for one that equals the one before. */
function addTexts({ entry: { id, xid }, ref, outcome: { answer } }: Held, texts: string[]): void {
  if (answer === undefined) texts.push(id, '', '', '', '');
  else texts.push(id, xid === id ? '' : xid, ref, answer.json, answer.told === answer.json ? '' : answer.told);
}

function placesOf(bounds: readonly number[], first: number): TextPlaces {
  const bound = (at: number) => bounds[first + at] as number;
  const [hasXid, hasTold] = [bound(2) > bound(1), bound(5) > bound(4)];
  return {
    xid: bound(hasXid ? 1 : 0),
    xidEnd: bound(hasXid ? 2 : 1),
    ref: bound(2),
    refEnd: bound(3),
    json: bound(3),
    jsonEnd: bound(4),
    told: bound(hasTold ? 4 : 3),
    toldEnd: bound(hasTold ? 5 : 4),
  };
}

/** What one request leaves behind beside its answer and its acknowledgement. */
export function rareCommands(held: Held, place: Place): Command[] {
  const { refused, retryAt, dead } = held.outcome;
  const commands: Command[] = [];
  if (refused !== undefined) commands.push(['HINCRBY', place.hashKey, errorCounterField(refused), 1]);
  if (retryAt !== undefined) commands.push(['ZADD', retryScheduleKey(place.type), retryAt, encodeRetry(held, place)]);
  if (dead !== undefined) commands.push(deadLetter(held, dead, place));
  return commands;
}

/** The dead letter: the user's fields byte for byte, then ours. */
function deadLetter(held: Held, reason: string, place: Place): Command {
  return [
    'XADD',
    place.settings.deadLetterStream,
    'MAXLEN',
    '~',
    deadLetterLimit,
    '*',
    ...held.entry.fields,
    runtimeFields.xid,
    held.entry.xid,
    runtimeFields.reason,
    reason,
    runtimeFields.attempts,
    held.entry.attempt,
    ...(place.sourceDigest ? [runtimeFields.source, place.sourceDigest] : []),
  ];
}

/** Member of the retry schedule: the next entry as one encoded command, its id in front, so that values stay bytes. */
function encodeRetry({ entry }: Held, { proof }: Place): Uint8Array {
  const attempt = entry.attempt + 1;
  const mark = proof.of({ ...entry, attempt });
  const own: Arg[] = [runtimeFields.attempt, attempt, runtimeFields.xid, entry.xid, runtimeFields.proof, mark];
  return encodeCommands([entry.id, ...entry.fields, ...own]);
}
