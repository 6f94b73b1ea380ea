/** The commands that answer a request, as bytes: written once for every request, so nothing is built that does not change. */
import { replyListKey, traceHashKey } from '../../contract/keys.ts';
import { defaultReplyExpireSeconds, defaultResponseStreamLimit, traceExpireSeconds } from '../../contract/limits.ts';
import { traceField } from '../../contract/trace.ts';
import { type ByteWriter, dollar } from '../redis/byte-writer.ts';
import { byteLength, encodeArguments } from '../redis/commands.ts';
import type { Held } from './in-flight.ts';
import type { Answer } from './answer.ts';
import { type Clock, wallOffset } from '../pod/clock.ts';
import { isoTime } from '../pod/iso-time.ts';
import type { Place } from './place.ts';
import type { Records } from './records.ts';
import type { TraceExpiry } from './trace-expiry.ts';

/** The beginning of a command of `length` parts. */
function opening(length: number, ...args: readonly (string | number)[]): string {
  return `*${length}\r\n${encodeArguments(...args)}`;
}

const utf8 = new TextEncoder();
const bytesOf = (...texts: readonly string[]) => utf8.encode(texts.join(''));

// What is the same in the answers of any worker.
const lpush = bytesOf(opening(3, 'LPUSH'));
const expire = bytesOf(opening(3, 'EXPIRE'));
const codeName = bytesOf(encodeArguments('code'));
const resName = bytesOf(encodeArguments('res'));
const attemptName = bytesOf(encodeArguments('attempt'));
const traceEnd = bytesOf('}\r\n');
const replyKey = patternOf(replyListKey);
const traceKey = patternOf(traceHashKey);

/** Commands that write a trace, each up to its key, and what is between key and value. */
interface TraceCommands {
  readonly count: number;
  readonly set: Uint8Array;
  readonly beforeValue: Uint8Array;
  /** The command that gives it its life, and what follows its key; absent where the first does both. */
  readonly expire?: { readonly opening: Uint8Array; readonly end: Uint8Array };
}

/** The field alone expires where the server can do that; else the hash does, which nobody else has written to. */
function traceCommands(field: string, expiry: TraceExpiry): TraceCommands {
  if (expiry === 'HSETEX') {
    const life = encodeArguments('EX', traceExpireSeconds, 'FIELDS', 1, field);
    return { count: 1, set: bytesOf(opening(8, 'HSETEX')), beforeValue: bytesOf(life) };
  }
  const [name, length, ...end] = expiry === 'HEXPIRE'
    ? ['HEXPIRE', 6, 'FIELDS', 1, field] as const
    : ['EXPIRE', 3] as const;
  return {
    count: 2,
    set: bytesOf(opening(4, 'HSET')),
    beforeValue: bytesOf(encodeArguments(field)),
    expire: { opening: bytesOf(opening(length, name)), end: bytesOf(encodeArguments(traceExpireSeconds, ...end)) },
  };
}

/** A key but for its ref: how many bytes, and which are before it and after it, up to the end of the argument. */
interface KeyPattern {
  readonly length: number;
  readonly before: Uint8Array;
  readonly after: Uint8Array;
}

/** Taken apart once, so that no text is made for each request. */
function patternOf(keyOf: (ref: string) => string): KeyPattern {
  const [before = '', after = ''] = keyOf('\n').split('\n');
  return { length: byteLength(before + after), before: bytesOf(before), after: bytesOf(after, '\r\n') };
}

/** Where the writer has the texts of a request. */
export interface TextPlaces {
  readonly ref: number;
  readonly refEnd: number;
  readonly xid: number;
  readonly xidEnd: number;
  readonly json: number;
  readonly jsonEnd: number;
  readonly told: number;
  readonly toldEnd: number;
}

/** What durations are measured with, and what is told. */
export type TellingClock = Pick<Clock, 'now' | 'monotonic'>;

/** Writes the answers of one place. */
export class AnswerCommands {
  readonly #trace: TraceCommands | undefined;
  // What is the same in every answer of this place, each up to the next thing that changes.
  readonly #replyTtl: Uint8Array;
  readonly #response: Uint8Array;
  readonly #lastResponse: Uint8Array;
  readonly #typeAndXid: Uint8Array;
  readonly #consumerAndMs: Uint8Array;
  readonly #traceHead: TraceHead;

  constructor(place: Place, traceExpiry: TraceExpiry, clock: TellingClock) {
    this.#traceHead = new TraceHead(clock);
    const limit = place.responseStreamLimit ?? defaultResponseStreamLimit;
    this.#trace = place.settings.traces === 'On' ? traceCommands(traceField(place.type), traceExpiry) : undefined;
    this.#replyTtl = bytesOf(encodeArguments(place.replyExpireSeconds ?? defaultReplyExpireSeconds));
    this.#response = bytesOf(opening(19, 'XADD', place.responseStream, '*', 'ref'));
    this.#lastResponse = bytesOf(opening(22, 'XADD', place.responseStream, 'MAXLEN', '~', limit, '*', 'ref'));
    this.#typeAndXid = bytesOf(encodeArguments('type', place.type, 'xid'));
    this.#consumerAndMs = bytesOf(encodeArguments('consumer', place.consumerId, 'ms'));
  }

  /** Commands of an answer without its trace, which can be done without. */
  essentialsOf({ reply, response }: Records): number {
    return (reply ? replyCount : 0) + (response ? responseCount : 0);
  }

  /** Commands of an answer. */
  countOf(records: Records): number {
    return this.essentialsOf(records) + (this.#trace?.count ?? 0);
  }

  /**
   * Reply with its time to live, response and, unless they are off, trace with its own.
   * @param isLast the last response of its transaction trims the stream for all of them, as MAXLEN is work for Redis each time
   */
  write(held: Held, answer: Answer, records: Records, isLast: boolean, at: TextPlaces, out: ByteWriter): void {
    if (records.reply) this.#writeReply(at, out);
    if (records.response) this.#writeResponse(held, answer, isLast, at, out);
    if (this.#trace) this.#writeTrace(this.#trace, held, at, out);
  }

  #writeReply(at: TextPlaces, out: ByteWriter): void {
    const list = out.bytes(lpush).length;
    writeKey(replyKey, at, out);
    const listEnd = out.length;
    out.argument(at.json, at.jsonEnd);
    out.bytes(expire).repeat(list, listEnd).bytes(this.#replyTtl);
  }

  #writeResponse(held: Held, { code }: Answer, isLast: boolean, at: TextPlaces, out: ByteWriter): void {
    out.bytes(isLast ? this.#lastResponse : this.#response);
    out.argument(at.ref, at.refEnd).bytes(this.#typeAndXid).argument(at.xid, at.xidEnd);
    out.bytes(codeName).number(code).bytes(resName).argument(at.told, at.toldEnd);
    out.bytes(this.#consumerAndMs).number(Math.max(0, held.completedMs - held.startedMs)).bytes(attemptName).number(
      held.entry.attempt,
    );
  }

  #writeTrace({ set, beforeValue, expire }: TraceCommands, held: Held, at: TextPlaces, out: ByteWriter): void {
    const head = this.#traceHead.of(held);
    const hash = out.bytes(set).length;
    writeKey(traceKey, at, out);
    const hashEnd = out.length;
    out.bytes(beforeValue).header(dollar, head.length + at.toldEnd - at.told + 1).bytes(head).repeat(
      at.told,
      at.toldEnd,
    ).bytes(traceEnd);
    if (expire) out.bytes(expire.opening).repeat(hash, hashEnd).bytes(expire.end);
  }
}

/** LPUSH and EXPIRE; XADD. */
const replyCount = 2;
const responseCount = 1;

/** Writes a key of a request that nobody else may have: one whose life its answer decides on. */
export function writeReplyKey(at: TextPlaces, out: ByteWriter): void {
  writeKey(replyKey, at, out);
}

/** The same of its trace. */
export function writeTraceKey(at: TextPlaces, out: ByteWriter): void {
  writeKey(traceKey, at, out);
}

function writeKey({ length, before, after }: KeyPattern, { ref, refEnd }: TextPlaces, out: ByteWriter): void {
  out.header(dollar, length + refEnd - ref).bytes(before).repeat(ref, refEnd).bytes(after);
}

/** The value of a trace. @param offset what makes moments of the monotonic clock milliseconds since 1970 */
export function traceText({ receivedMs, completedMs }: Times, told: string, offset: number): string {
  return `${traceHead(receivedMs + offset, completedMs + offset)}${told}}`;
}

type Times = Pick<Held, 'receivedMs' | 'completedMs'>;

function traceHead(receivedMs: number, completedMs: number): string {
  return `{"received":"${isoTime(receivedMs)}","completed":"${isoTime(completedMs)}","res":`;
}

/** What a trace begins with. Many requests come and go within the same milliseconds, so the last one is kept. */
class TraceHead {
  #receivedMs = NaN;
  #completedMs = NaN;
  #head = new Uint8Array();
  readonly #clock: TellingClock;

  constructor(clock: TellingClock) {
    this.#clock = clock;
  }

  of({ receivedMs, completedMs }: Held): Uint8Array {
    if (receivedMs !== this.#receivedMs || completedMs !== this.#completedMs) {
      this.#receivedMs = receivedMs;
      this.#completedMs = completedMs;
      const offset = wallOffset(this.#clock);
      this.#head = bytesOf(traceHead(receivedMs + offset, completedMs + offset));
    }
    return this.#head;
  }
}
