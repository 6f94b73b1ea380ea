/**
 * The protocol of Redis: replies out of whatever chunks arrive. A connection speaks RESP2 until somebody says HELLO 3; what
 * RESP3 has beyond it comes as Redis itself says it in RESP2: maps and sets as arrays, doubles and big numbers as text,
 * true and false as 1 and 0. Push messages and attributes are no replies and are passed over.
 * See https://redis.io/docs/latest/develop/reference/protocol-spec/
 */

import { asciiTextBetween, textBetween } from './text.ts';

/** A reply; errors are values, so that one inside an array does not hide its neighbours. */
export type Reply = string | number | null | Uint8Array | RedisError | Reply[];

/** Characters of an error that are kept, whatever a server says. */
const maxMessage = 500;

/** An error the server replied with. `code` is its first word: `NOGROUP`, `OOM`, `WRONGTYPE`… */
export class RedisError extends Error {
  override readonly name = 'RedisError';
  readonly code: string;
  constructor(message: string) {
    super(message.slice(0, maxMessage));
    this.code = this.message.split(' ', 1)[0] ?? '';
  }
}

/** What arrived is no RESP: the peer is no Redis, or the connection is broken beyond repair. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
}

const decoder = new TextDecoder();

/** Bytes of `+QUEUED` with its line end, the one status that begins with a Q. */
const queuedBytes = 9;

/** What a kept string may keep alive beside itself: strings cut out of a window share its memory. */
const windowBytes = 16 * 1024;

/** Decodes a stretch of the buffer at once, so that a short string costs no call of the decoder. */
class AsciiWindow {
  #text: string | undefined;
  #from = 0;
  #to = 0;

  /** Forgets the stretch: the buffer has changed. */
  close(): void {
    this.#to = 0;
  }

  /** The text of the bytes, or undefined when they are not in a stretch of nothing but ASCII. */
  text(buffer: Uint8Array, from: number, to: number, end: number): string | undefined {
    if (to > this.#to) this.#open(buffer, from, Math.max(to, Math.min(end, from + windowBytes)));
    return this.#text?.substring(from - this.#from, to - this.#from);
  }

  #open(buffer: Uint8Array, from: number, to: number): void {
    const text = decoder.decode(buffer.subarray(from, to));
    const isAscii = text.length === to - from && !text.includes('\ufffd');
    this.#text = isAscii ? text : undefined;
    this.#from = from;
    this.#to = to;
  }
}

/** The first byte of a reply, by the names of the protocol's specification. */
const kinds = {
  simpleString: 0x2b,
  error: 0x2d,
  integer: 0x3a,
  bulkString: 0x24,
  array: 0x2a,
  null: 0x5f,
  boolean: 0x23,
  double: 0x2c,
  bigNumber: 0x28,
  bulkError: 0x21,
  verbatimString: 0x3d,
  map: 0x25,
  attribute: 0x7c,
  set: 0x7e,
  push: 0x3e,
} as const;
/** A verbatim string begins with its format, as in `txt:`. */
const formatBytes = 4;

const roomForOneRead = 16 * 1024;
const usualSize = 64 * 1024;
/** Lines carry statuses, errors and numbers: none of them is nearly as long. */
const maxLineBytes = 64 * 1024;
/** Redis itself refuses longer ones (proto-max-bulk-len). */
const maxBulkBytes = 512 * 1024 * 1024;

/**
 * Turns chunks into replies. Bytes are read straight into {@link ReplyParser.space}; a reply may end
 * anywhere, also in the middle of a line end, and nothing is scanned twice.
 */
export class ReplyParser {
  readonly #bulkAs: 'text' | 'bytes';
  readonly #window = new AsciiWindow();
  #buffer = new Uint8Array(usualSize);
  #at = 0;
  #end = 0;
  /** Length of the bulk string whose header has been read; -1 outside of one. */
  #bulk = -1;
  #bulkKind: number = kinds.bulkString;
  /** Arrays that are still open, outermost first. */
  readonly #open: { readonly items: Reply[]; missing: number; readonly isReply: boolean }[] = [];

  /**
   * @param bulkAs `bytes` for values that may be binary: a bulk string comes as text only when it is ASCII, where
   * both are the same thing, and as its bytes when it is not, or too long to find out
   */
  constructor(bulkAs: 'text' | 'bytes' = 'text') {
    this.#bulkAs = bulkAs;
  }

  /** Where the next bytes go; tell how many came with {@link ReplyParser.filled}. */
  space(): Uint8Array {
    const kept = this.#end - this.#at;
    if (kept === 0) this.#reset();
    const wanted = Math.max(roomForOneRead, this.#bulk + 2 - kept);
    if (this.#buffer.length - this.#end < wanted) this.#makeRoom(kept, wanted);
    return this.#buffer.subarray(this.#end);
  }

  filled(bytes: number): void {
    this.#end += bytes;
    this.#window.close();
  }

  /** Copies a chunk in, for callers that do not read into {@link ReplyParser.space}. */
  push(chunk: Uint8Array): void {
    for (let rest = chunk; rest.length > 0;) {
      const space = this.space();
      const part = rest.subarray(0, space.length);
      space.set(part);
      this.filled(part.length);
      rest = rest.subarray(part.length);
    }
  }

  /** Passes over up to `max` replies `QUEUED` that are next, and tells how many. */
  skipQueued(max: number): number {
    if (this.#open.length > 0 || this.#bulk >= 0) return 0;
    const buffer = this.#buffer;
    let at = this.#at;
    let count = 0;
    for (
      ;
      count < max && at + queuedBytes <= this.#end && buffer[at] === kinds.simpleString && buffer[at + 1] === 0x51;
      at += queuedBytes
    ) count++;
    this.#at = at;
    return count;
  }

  /**
   * The next whole reply, or undefined when more bytes are needed.
   * @param strings `skipped` gives null for every bulk string; the same until the reply is whole
   * @throws ProtocolError when the bytes are no RESP.
   */
  next(strings: 'taken' | 'skipped' = 'taken'): Reply | undefined {
    for (;;) {
      const value = this.#bulk >= 0 ? this.#takeBulk(strings === 'skipped') : this.#takeLine();
      if (value === undefined) return undefined;
      if (value === opened) continue;
      const whole = this.#place(value);
      if (whole !== undefined) return whole;
    }
  }

  #reset(): void {
    this.#at = this.#end = 0;
    if (this.#buffer.length > usualSize * 16 && this.#bulk < 0) this.#buffer = new Uint8Array(usualSize);
  }

  #makeRoom(kept: number, wanted: number): void {
    if (kept + wanted <= this.#buffer.length) {
      this.#buffer.copyWithin(0, this.#at, this.#end);
    } else {
      const larger = new Uint8Array(Math.max(this.#buffer.length * 2, kept + wanted));
      larger.set(this.#buffer.subarray(this.#at, this.#end));
      this.#buffer = larger;
    }
    this.#at = 0;
    this.#end = kept;
    this.#window.close();
  }

  #takeBulk(skip: boolean): Reply | undefined {
    const to = this.#at + this.#bulk;
    if (this.#end < to + 2) return undefined;
    const from = this.#bulkKind === kinds.verbatimString ? this.#at + formatBytes : this.#at;
    this.#at = to + 2;
    this.#bulk = -1;
    if (this.#bulkKind === kinds.bulkError) return new RedisError(decoder.decode(this.#buffer.subarray(from, to)));
    if (skip) return null;
    const text = to - from > windowBytes ? undefined : this.#window.text(this.#buffer, from, to, this.#end);
    if (text !== undefined) return text;
    if (this.#bulkAs === 'text') return textBetween(this.#buffer, from, to);
    return asciiTextBetween(this.#buffer, from, to) ?? this.#buffer.slice(from, to);
  }

  /** A reply of one line, or `opened` when the line is the header of an array or a bulk string. */
  #takeLine(): Reply | typeof opened | undefined {
    if (this.#at >= this.#end) return undefined;
    const kind = this.#buffer[this.#at] as number;
    switch (kind) {
      case kinds.integer:
        return this.#takeNumber();
      case kinds.bulkString:
      case kinds.bulkError:
      case kinds.verbatimString:
        return this.#openBulk(kind, this.#takeNumber());
      case kinds.array:
      case kinds.set:
      case kinds.push:
      case kinds.map:
      case kinds.attribute:
        return this.#openArray(kind, this.#takeNumber());
      case kinds.simpleString:
      case kinds.error:
      case kinds.null:
      case kinds.boolean:
      case kinds.double:
      case kinds.bigNumber:
        return this.#takeTextLine(kind);
      default:
        throw new ProtocolError(`Redis sent a reply of an unknown kind (byte ${kind})`);
    }
  }

  #takeTextLine(kind: number): Reply | undefined {
    const lineEnd = this.#findLineEnd();
    if (lineEnd < 0) return undefined;
    const from = this.#at + 1;
    this.#at = lineEnd + 2;
    switch (kind) {
      case kinds.error:
        return new RedisError(decoder.decode(this.#buffer.subarray(from, lineEnd)));
      case kinds.null:
        return null;
      case kinds.boolean:
        return Number(this.#buffer[from] === 0x74); // t
      default:
        return textBetween(this.#buffer, from, lineEnd);
    }
  }

  /** The number after the kind, with the line end; undefined while that is missing. */
  #takeNumber(): number | undefined {
    const buffer = this.#buffer;
    const end = this.#end;
    let at = this.#at + 1;
    const negative = buffer[at] === 0x2d && at < end;
    if (negative) at++;
    let value = 0;
    for (; at + 1 < end; at++) {
      const byte = buffer[at] as number;
      if (byte === 0x0d && buffer[at + 1] === 0x0a) {
        this.#at = at + 2;
        return negative ? -value : value;
      }
      const digit = byte - 0x30;
      if (digit < 0 || digit > 9) throw new ProtocolError('Redis sent a number that is none');
      value = value * 10 + digit;
    }
    return undefined;
  }

  #openBulk(kind: number, length: number | undefined): null | typeof opened | undefined {
    if (length === undefined) return undefined;
    if (length < 0) return null;
    const least = kind === kinds.verbatimString ? formatBytes : 0;
    if (length < least || length > maxBulkBytes) throw new ProtocolError(`Redis announced a string of ${length} bytes`);
    this.#bulk = length;
    this.#bulkKind = kind;
    return opened;
  }

  #openArray(kind: number, length: number | undefined): Reply | typeof opened | undefined {
    if (length === undefined) return undefined;
    if (length < 0) return null;
    const isReply = kind !== kinds.push && kind !== kinds.attribute;
    if (length === 0) return isReply ? [] : opened;
    const isMap = kind === kinds.map || kind === kinds.attribute;
    this.#open.push({ items: [], missing: isMap ? 2 * length : length, isReply });
    return opened;
  }

  /** Puts a value into the innermost open array; returns the outermost one once that closes every array. */
  #place(value: Reply): Reply | undefined {
    for (let inner = value;;) {
      const array = this.#open.at(-1);
      if (array === undefined) return inner;
      array.items.push(inner);
      if (--array.missing > 0) return undefined;
      this.#open.pop();
      if (!array.isReply) return undefined;
      inner = array.items;
    }
  }

  #findLineEnd(): number {
    for (let at = this.#at; at + 1 < this.#end; at++) {
      if (this.#buffer[at] === 0x0d && this.#buffer[at + 1] === 0x0a) return at;
    }
    if (this.#end - this.#at > maxLineBytes) throw new ProtocolError('Redis sent a line without an end');
    return -1;
  }
}

/** The line opened an array or a string; its value follows. */
const opened = Symbol('opened');
