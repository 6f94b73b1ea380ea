/** The usual commit: answers to requests that are nothing out of the ordinary, as one transaction behind its guard. Pure but for the memory it writes into. */
import { ownerField, pidField } from '../../contract/config-hash.ts';
import { clock as machineClock } from '../pod/clock.ts';
import type { Identity } from '../pod/identity.ts';
import { asterisk, ByteWriter } from '../redis/byte-writer.ts';
import { encodeArguments } from '../redis/commands.ts';
import { AnswerCommands, type TellingClock, type TextPlaces } from './answer-commands.ts';
import { CommitGuard, guardReplies } from './commit-guard.ts';
import type { Held } from './in-flight.ts';
import type { Place } from './place.ts';
import type { TraceExpiry } from './trace-expiry.ts';

/** A transaction, encoded, and where each request's replies are inside it. */
export interface EncodedCommit {
  readonly bytes: Uint8Array;
  /** Where the bytes are; to be given back by {@link CommitEncoder.release}. */
  readonly out: ByteWriter;
  /** Replies to read: those of the guard, MULTI, every queued command, EXEC, HMGET. */
  readonly replyCount: number;
}

/** Commits whose memory is kept for the next ones, and up to which size. */
const maxSpares = 2;
const maxSpareBytes = 2 * 1024 * 1024;
const utf8 = new TextEncoder();
const multi = utf8.encode('*1\r\n$5\r\nMULTI\r\n');

/** Encodes the answers of a batch, its acknowledgements and the question whether we still may, in one write. */
export class CommitEncoder {
  /** Commands per request. */
  readonly answerCount: number;
  readonly #answers: AnswerCommands;
  readonly #guard: CommitGuard;
  readonly #xack: Uint8Array;
  readonly #end: Uint8Array;
  /** Memory of commits that are over. */
  readonly #spare: ByteWriter[] = [];

  constructor(
    place: Place,
    identity: Identity,
    traceExpiry: TraceExpiry,
    clock: TellingClock = machineClock,
  ) {
    this.#answers = new AnswerCommands(place, traceExpiry, clock);
    this.answerCount = this.#answers.count;
    this.#guard = new CommitGuard(place, identity, place.settings.traces === 'On' && traceExpiry === 'EXPIRE');
    this.#xack = utf8.encode(encodeArguments('XACK', place.requestStream, place.settings.group));
    this.#end = utf8.encode(
      `*1\r\n$4\r\nEXEC\r\n*4\r\n${encodeArguments('HMGET', place.hashKey, pidField, ownerField)}`,
    );
  }

  /** @param batch requests with an answer and nothing else */
  encode(batch: readonly Held[]): EncodedCommit {
    const out = (this.#spare.pop() ?? new ByteWriter()).clear();
    const texts: string[] = [];
    for (const held of batch) addTexts(held, texts);
    const bounds = out.texts(texts);
    const places = batch.map((_, index) => placesOf(bounds, index * textsPerRequest));
    const start = out.length;
    this.#guard.write(places, out);
    out.bytes(multi);
    batch.forEach((held, index) => this.#answer(held, index === batch.length - 1, places[index] as TextPlaces, out));
    this.#acknowledge(batch.length, bounds, out);
    const replyCount = guardReplies + batch.length * this.answerCount + queuedBesideAnswers;
    return { out, bytes: out.bytes(this.#end).writtenFrom(start), replyCount };
  }

  /** Takes back the memory of a commit that Redis has answered. */
  release({ out }: EncodedCommit): void {
    if (this.#spare.length < maxSpares && out.capacity <= maxSpareBytes) this.#spare.push(out);
  }

  #answer(held: Held, isLast: boolean, at: TextPlaces, out: ByteWriter): void {
    const { answer } = held.outcome;
    if (answer === undefined) throw new TypeError('a request without an answer cannot be in this commit');
    this.#answers.write(held, answer, isLast, at, out);
  }

  #acknowledge(count: number, bounds: readonly number[], out: ByteWriter): void {
    out.header(asterisk, count + 3).bytes(this.#xack);
    for (let index = 0; index < count; index++) {
      const first = index * textsPerRequest;
      out.argument(bounds[first] as number, bounds[first + 1] as number);
    }
  }
}

/** MULTI, XACK, EXEC and HMGET. */
const queuedBesideAnswers = 4;

const textsPerRequest = 5;

/** Adds the texts of a request that the commands repeat, {@link textsPerRequest} of them; '' for one that equals the one before. */
function addTexts({ entry: { id, xid }, ref, outcome: { answer } }: Held, texts: string[]): void {
  if (answer !== undefined) {
    texts.push(id, xid === id ? '' : xid, ref, answer.json, answer.told === answer.json ? '' : answer.told);
  }
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
