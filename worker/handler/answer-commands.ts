/** The commands that answer a request, as bytes: written once for every request, so nothing is built that does not change. */
import { replyListKey, traceHashKey } from '../../contract/keys.ts';
import { defaultReplyExpireSeconds, defaultResponseStreamLimit, traceExpireSeconds } from '../../contract/limits.ts';
import { traceField } from '../../contract/trace.ts';
import { type ByteWriter, dollar } from '../redis/byte-writer.ts';
import { byteLength } from '../redis/commands.ts';
import type { Held } from './in-flight.ts';
import { type Clock, wallOffset } from '../pod/clock.ts';
import { isoTime } from '../pod/iso-time.ts';
import type { Answer } from './answer.ts';
import type { Place } from './place.ts';

/** Arguments of a command, encoded. */
export function encodeArguments(...args: readonly (string | number)[]): string {
  return args.map((arg) => `$${byteLength(String(arg))}\r\n${arg}\r\n`).join('');
}

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
const hset = bytesOf(opening(4, 'HSET'));
const traceTtl = bytesOf(encodeArguments(traceExpireSeconds));
const traceEnd = bytesOf('}\r\n');
const replyKey = patternOf(replyListKey);
const traceKey = patternOf(traceHashKey);

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
  /** Commands per answer. */
  readonly count: number;
  readonly #traces: boolean;
  // What is the same in every answer of this place, each up to the next thing that changes.
  readonly #replyTtlAndResponse: Uint8Array;
  readonly #replyTtlAndLastResponse: Uint8Array;
  readonly #typeAndXid: Uint8Array;
  readonly #consumerAndMs: Uint8Array;
  readonly #traceField: Uint8Array;
  readonly #traceHead: TraceHead;

  constructor(place: Place, clock: TellingClock) {
    this.#traceHead = new TraceHead(clock);
    const limit = place.responseStreamLimit ?? defaultResponseStreamLimit;
    this.#traces = place.settings.traces === 'On';
    this.count = this.#traces ? 5 : 3;
    const replyTtl = encodeArguments(place.replyExpireSeconds ?? defaultReplyExpireSeconds);
    this.#replyTtlAndResponse = bytesOf(replyTtl, opening(19, 'XADD', place.responseStream, '*', 'ref'));
    this.#replyTtlAndLastResponse = bytesOf(
      replyTtl,
      opening(22, 'XADD', place.responseStream, 'MAXLEN', '~', limit, '*', 'ref'),
    );
    this.#typeAndXid = bytesOf(encodeArguments('type', place.type, 'xid'));
    this.#consumerAndMs = bytesOf(encodeArguments('consumer', place.consumerId, 'ms'));
    this.#traceField = bytesOf(encodeArguments(traceField(place.type)));
  }

  /**
   * Reply with its time to live, response and, unless they are off, trace with its own.
   * @param isLast of its transaction: its response trims the stream for all of them, as MAXLEN is work for Redis each time
   */
  write(held: Held, answer: Answer, isLast: boolean, at: TextPlaces, out: ByteWriter): void {
    const list = out.bytes(lpush).length;
    writeKey(replyKey, at, out);
    const listEnd = out.length;
    out.argument(at.json, at.jsonEnd);
    out.bytes(expire).repeat(list, listEnd).bytes(isLast ? this.#replyTtlAndLastResponse : this.#replyTtlAndResponse);
    out.argument(at.ref, at.refEnd).bytes(this.#typeAndXid).argument(at.xid, at.xidEnd);
    out.bytes(codeName).number(answer.code).bytes(resName).argument(at.told, at.toldEnd);
    out.bytes(this.#consumerAndMs).number(Math.max(0, held.completedMs - held.startedMs)).bytes(attemptName).number(
      held.entry.attempt,
    );
    if (this.#traces) this.#writeTrace(held, at, out);
  }

  #writeTrace(held: Held, at: TextPlaces, out: ByteWriter): void {
    const head = this.#traceHead.of(held);
    const hash = out.bytes(hset).length;
    writeKey(traceKey, at, out);
    const hashEnd = out.length;
    out.bytes(this.#traceField).header(dollar, head.length + at.toldEnd - at.told + 1).bytes(head).repeat(
      at.told,
      at.toldEnd,
    ).bytes(traceEnd);
    out.bytes(expire).repeat(hash, hashEnd).bytes(traceTtl);
  }
}

function writeKey({ length, before, after }: KeyPattern, { ref, refEnd }: TextPlaces, out: ByteWriter): void {
  out.header(dollar, length + refEnd - ref).bytes(before).repeat(ref, refEnd).bytes(after);
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
      const [received, completed] = [isoTime(receivedMs + offset), isoTime(completedMs + offset)];
      this.#head = bytesOf(`{"received":"${received}","completed":"${completed}","res":`);
    }
    return this.#head;
  }
}
