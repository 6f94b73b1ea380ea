/** The commands that finish requests in Redis, as one transaction. Pure but for the memory it writes into. */
import { errorCounterField, ownerField, pidField } from '../contract/config-hash.ts';
import { retryScheduleKey } from '../contract/keys.ts';
import { deadLetterLimit } from '../contract/limits.ts';
import { runtimeFields } from '../contract/runtime-fields.ts';
import { AnswerCommands, encodeAscii, encodeText } from './answer-commands.ts';
import { type Arg, type Command, CommandBuffer, encodeCommands } from './commands.ts';
import type { Held } from './desk.ts';
import type { Place } from './place.ts';

/** A transaction, encoded, and where each request's replies are inside it. */
export interface EncodedCommit {
  readonly bytes: Uint8Array;
  /** Replies to read: MULTI, every queued command, EXEC, HMGET. */
  readonly replyCount: number;
  /** Index, inside the reply of EXEC, of the first command of each request. */
  readonly firstReply: readonly number[];
}

const utf8 = new TextEncoder();
const maxSpareBytes = 2 * 1024 * 1024;
const multi = '*1\r\n$5\r\nMULTI\r\n';

/** Encodes what a batch leaves behind, its acknowledgements and the question whether we still may, in one write. */
export class CommitEncoder {
  readonly #place: Place;
  readonly #answers: AnswerCommands;
  readonly #acknowledge: string;
  readonly #end: string;
  /** Memory of commits that are over. */
  readonly #spare: Uint8Array[] = [];

  constructor(place: Place) {
    this.#place = place;
    this.#answers = new AnswerCommands(place);
    this.#acknowledge = ['XACK', place.requestStream, place.settings.group].map(encodeText).join('');
    this.#end = `*1\r\n$4\r\nEXEC\r\n*4\r\n${['HMGET', place.hashKey, pidField, ownerField].map(encodeText).join('')}`;
  }

  encode(batch: readonly Held[]): EncodedCommit {
    return this.#encodeAnswers(batch) ?? this.#encodeAll(batch);
  }

  /** Takes back the memory of a commit that Redis has answered. */
  release({ bytes }: EncodedCommit): void {
    if (this.#spare.length < 2 && bytes.buffer.byteLength <= maxSpareBytes) this.#spare.push(new Uint8Array(bytes.buffer as ArrayBuffer));
  }

  /** Nothing but answers in nothing but ASCII, the usual case; undefined for any other. */
  #encodeAnswers(batch: readonly Held[]): EncodedCommit | undefined {
    let text = multi;
    for (const held of batch) {
      const { answer, refused, retryAt, dead } = held.outcome;
      if (answer === undefined || (refused ?? retryAt ?? dead) !== undefined) return undefined;
      text += this.#answers.write(held, answer, encodeAscii);
    }
    const bytes = this.#toAscii(text + this.#closing(batch));
    if (bytes === undefined) return undefined;
    const { count } = this.#answers;
    return { bytes, replyCount: batch.length * count + 4, firstReply: batch.map((_, at) => at * count) };
  }

  #encodeAll(batch: readonly Held[]): EncodedCommit {
    const buffer = new CommandBuffer().addEncoded(multi, 1);
    const firstReply: number[] = [];
    for (const held of batch) {
      firstReply.push(buffer.count - 1);
      for (const command of rareCommands(held, this.#place)) buffer.add(command);
      const { answer } = held.outcome;
      if (answer !== undefined) buffer.addEncoded(this.#answers.write(held, answer, encodeText), this.#answers.count);
    }
    buffer.addEncoded(this.#closing(batch), 3);
    const replyCount = buffer.count;
    return { bytes: buffer.take(), replyCount, firstReply };
  }

  #closing(batch: readonly Held[]): string {
    let text = `*${batch.length + 3}\r\n${this.#acknowledge}`;
    for (const held of batch) text += encodeAscii(held.entry.id);
    return text + this.#end;
  }

  /** The bytes of a text; undefined when it is not ASCII. */
  #toAscii(text: string): Uint8Array | undefined {
    let space = this.#spare.pop();
    if (space === undefined || space.length < text.length) space = new Uint8Array(2 ** Math.ceil(Math.log2(text.length)));
    const { read, written } = utf8.encodeInto(text, space);
    if (read === text.length && written === text.length) return space.subarray(0, written);
    this.#spare.push(space);
    return undefined;
  }
}

/** What one request leaves behind beside its answer and its acknowledgement. */
export function rareCommands(held: Held, place: Place): Command[] {
  const { refused, retryAt, dead } = held.outcome;
  const commands: Command[] = [];
  if (refused !== undefined) commands.push(['HINCRBY', place.hashKey, errorCounterField(refused), 1]);
  if (retryAt !== undefined) commands.push(['ZADD', retryScheduleKey(place.type), retryAt, encodeRetry(held)]);
  if (dead !== undefined) commands.push(deadLetter(held, dead, place));
  return commands;
}

/** The dead letter: the user's fields byte for byte, then ours. */
function deadLetter(held: Held, reason: string, place: Place): Command {
  return [
    'XADD', place.settings.deadLetterStream, 'MAXLEN', '~', deadLetterLimit, '*', ...held.entry.fields,
    runtimeFields.xid, held.entry.xid, runtimeFields.reason, reason, runtimeFields.attempts, held.entry.attempt,
    ...(place.sourceDigest ? [runtimeFields.source, place.sourceDigest] : []),
  ];
}

/** Member of the retry schedule: the next entry as one encoded command, its id in front, so that values stay bytes. */
function encodeRetry(held: Held): Uint8Array {
  const own: Arg[] = [runtimeFields.attempt, held.entry.attempt + 1, runtimeFields.xid, held.entry.xid];
  return encodeCommands([held.entry.id, ...held.entry.fields, ...own]);
}
