/** The usual commit: answers to requests that are nothing out of the ordinary, as one transaction behind its guard. Pure but for the memory it writes into. */
import { ownerField, pidField } from '../../contract/config-hash.ts';
import { countField } from '../../contract/counts.ts';
import { groupRecordKey } from '../../contract/keys.ts';
import { clock as machineClock } from '../pod/clock.ts';
import type { Identity } from '../pod/identity.ts';
import { asterisk, ByteWriter } from '../redis/byte-writer.ts';
import { encodeArguments } from '../redis/commands.ts';
import type { Answer } from './answer.ts';
import { AnswerCommands, type TellingClock, type TextPlaces } from './answer-commands.ts';
import { CommitGuard, guardReplies } from './commit-guard.ts';
import type { Held } from './in-flight.ts';
import type { Place } from './place.ts';
import { type Records, recordsOf } from './records.ts';
import type { TraceExpiry } from './trace-expiry.ts';

/** A transaction, encoded, and where each request's replies are inside it. */
export interface EncodedCommit {
  readonly bytes: Uint8Array;
  /** Where the bytes are; to be given back by {@link CommitEncoder.release}. */
  readonly out: ByteWriter;
  /** Replies to read: those of the guard, MULTI, every queued command, EXEC, HMGET. */
  readonly replyCount: number;
}

/** Replies a request has among those of its transaction. */
export interface Replies {
  readonly from: number;
  /** Where those of the trace begin, which can be done without. */
  readonly essentialsEnd: number;
  readonly end: number;
}

/** Commits whose memory is kept for the next ones, and up to which size. */
const maxSpares = 2;
const maxSpareBytes = 4 * 1024 * 1024;
const utf8 = new TextEncoder();
const multi = utf8.encode('*1\r\n$5\r\nMULTI\r\n');

/** Encodes the answers of a batch, its acknowledgements and the question whether we still may, in one write. */
export class CommitEncoder {
  readonly #place: Place;
  readonly #answers: AnswerCommands;
  readonly #guard: CommitGuard;
  readonly #xack: Uint8Array;
  readonly #raise: Uint8Array;
  readonly #end: Uint8Array;
  /** Memory of commits that are over. */
  readonly #spare: ByteWriter[] = [];

  constructor(
    place: Place,
    identity: Identity,
    traceExpiry: TraceExpiry,
    clock: TellingClock = machineClock,
  ) {
    this.#place = place;
    this.#answers = new AnswerCommands(place, traceExpiry, clock);
    this.#guard = new CommitGuard(place, identity, place.settings.traces === 'On' && traceExpiry === 'EXPIRE');
    this.#xack = utf8.encode(encodeArguments('XACK', place.requestStream, place.settings.group));
    this.#raise = utf8.encode(encodeArguments('HINCRBY', groupRecordKey(place.requestStream, place.settings.group)));
    this.#end = utf8.encode(
      `*1\r\n$4\r\nEXEC\r\n*4\r\n${encodeArguments('HMGET', place.hashKey, pidField, ownerField)}`,
    );
  }

  /** @param batch requests with an answer and nothing else */
  encode(batch: readonly Held[]): EncodedCommit {
    const out = (this.#spare.pop() ?? new ByteWriter()).clear();
    const records = batch.map((held) => this.#recordsOf(held));
    const texts: string[] = [];
    batch.forEach((held, index) => addTexts(held, this.#answers.countOf(records[index] as Records) > 0, texts));
    const bounds = out.texts(texts);
    const places = batch.map((_, index) => placesOf(bounds, index * textsPerRequest));
    const start = out.length;
    this.#guard.write(places, records, out);
    out.bytes(multi);
    const lastResponse = records.findLastIndex(({ response }) => response);
    let commands = 0;
    batch.forEach((held, index) => {
      const kept = records[index] as Records;
      this.#answers.write(held, answerOf(held), kept, index === lastResponse, places[index] as TextPlaces, out);
      commands += this.#answers.countOf(kept);
    });
    this.#acknowledge(batch.length, bounds, out);
    commands += this.#count(batch, records, out);
    const replyCount = guardReplies + commands + queuedBesideAnswers;
    return { out, bytes: out.bytes(this.#end).writtenFrom(start), replyCount };
  }

  /** Which of the replies of a transaction are those of each request of its batch. */
  repliesOf(batch: readonly Held[]): Replies[] {
    let from = 0;
    return batch.map((held) => {
      const records = this.#recordsOf(held);
      const replies = {
        from,
        essentialsEnd: from + this.#answers.essentialsOf(records),
        end: from + this.#answers.countOf(records),
      };
      from = replies.end;
      return replies;
    });
  }

  /** Takes back the memory of a commit that Redis has answered. */
  release({ out }: EncodedCommit): void {
    if (this.#spare.length < maxSpares && out.capacity <= maxSpareBytes) this.#spare.push(out);
  }

  #recordsOf(held: Held): Records {
    return recordsOf(held.entry, answerOf(held).code, this.#place.settings);
  }

  #acknowledge(count: number, bounds: readonly number[], out: ByteWriter): void {
    out.header(asterisk, count + 3).bytes(this.#xack);
    for (let index = 0; index < count; index++) {
      const first = index * textsPerRequest;
      out.argument(bounds[first] as number, bounds[first + 1] as number);
    }
  }

  /** Counts the answers that leave no response, by their codes. @returns how many commands that takes */
  #count(batch: readonly Held[], records: readonly Records[], out: ByteWriter): number {
    const { settings: { responses }, consumerId } = this.#place;
    if (responses === 'All') return 0;
    const counts = new Map<number, number>();
    batch.forEach((held, index) => {
      const { code } = answerOf(held);
      if (records[index]?.response === false) counts.set(code, (counts.get(code) ?? 0) + 1);
    });
    for (const [code, count] of counts) {
      const by = encodeArguments(countField(consumerId, code), count);
      out.header(asterisk, 4).bytes(this.#raise).bytes(utf8.encode(by));
    }
    return counts.size;
  }
}

function answerOf({ outcome: { answer } }: Held): Answer {
  if (answer === undefined) throw new TypeError('a request without an answer cannot be in this commit');
  return answer;
}

/** MULTI, XACK, EXEC and HMGET. */
const queuedBesideAnswers = 4;

const textsPerRequest = 5;

/**
 * Adds the texts of a request that the commands repeat, {@link textsPerRequest} of them; '' for one that equals the one
 * before, and for what no command repeats.
 */
function addTexts(held: Held, isTold: boolean, texts: string[]): void {
  const { entry: { id, xid }, ref } = held;
  const { json, told } = answerOf(held);
  if (isTold) texts.push(id, xid === id ? '' : xid, ref, json, told === json ? '' : told);
  else texts.push(id, '', '', '', '');
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
