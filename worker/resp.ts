/** RESP2, the protocol of Redis: commands into one buffer, replies out of whatever chunks arrive. */

/** One argument of a command; numbers are sent as decimal text. */
export type Arg = string | number | Uint8Array;

/** A command with its arguments: `['SET', 'key', 'value']`. */
export type Command = readonly Arg[];

/** A reply; errors are values, so that one inside an array does not hide its neighbours. */
export type Reply = string | number | null | Uint8Array | RedisError | Reply[];

/** An error the server replied with. `code` is its first word: `NOGROUP`, `OOM`, `WRONGTYPE`… */
export class RedisError extends Error {
  override readonly name = 'RedisError';
  readonly code: string;
  constructor(message: string) {
    super(message);
    this.code = message.split(' ', 1)[0] ?? '';
  }
}

/** What arrived is not RESP2: the peer is no Redis, or the connection is broken beyond repair. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Strings above this length are encoded at once: counting their bytes by hand would cost more. */
const longText = 1024;

/** Collects commands; {@link CommandBuffer.take} gives all of them as one buffer to write. */
export class CommandBuffer {
  #text = '';
  #parts: Uint8Array[] = [];
  #count = 0;

  /** Commands added since the last `take`: the number of replies to expect. */
  get count(): number {
    return this.#count;
  }

  add(command: Command): this {
    this.#count++;
    this.#text += `*${command.length}\r\n`;
    for (const arg of command) this.#addArg(arg);
    return this;
  }

  /** The bytes of every command added so far; the buffer is empty afterwards. */
  take(): Uint8Array {
    const tail = encoder.encode(this.#text);
    const bytes = this.#parts.length === 0 ? tail : concat([...this.#parts, tail]);
    this.#text = '';
    this.#parts = [];
    this.#count = 0;
    return bytes;
  }

  #addArg(arg: Arg): void {
    if (typeof arg === 'number') {
      const digits = String(arg);
      this.#text += `$${digits.length}\r\n${digits}\r\n`;
    } else if (typeof arg === 'string' && arg.length <= longText) {
      this.#text += `$${byteLength(arg)}\r\n${arg}\r\n`;
    } else {
      this.#addBytes(typeof arg === 'string' ? encoder.encode(arg) : arg);
    }
  }

  #addBytes(bytes: Uint8Array): void {
    this.#parts.push(encoder.encode(`${this.#text}$${bytes.length}\r\n`), bytes);
    this.#text = '\r\n';
  }
}

/** The bytes of one command, or of several. */
export function encodeCommands(...commands: readonly Command[]): Uint8Array {
  const buffer = new CommandBuffer();
  for (const command of commands) buffer.add(command);
  return buffer.take();
}

/** Bytes of `text` in UTF-8; a lone surrogate counts as the replacement character the encoder writes. */
export function byteLength(text: string): number {
  let bytes = 0;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit < 0x80) bytes += 1;
    else if (unit < 0x800) bytes += 2;
    else if (isHighSurrogate(unit) && isLowSurrogate(text.charCodeAt(at + 1))) {
      bytes += 4;
      at++;
    } else bytes += 3;
  }
  return bytes;
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit < 0xdc00;
}

function isLowSurrogate(unit: number): boolean {
  return unit >= 0xdc00 && unit < 0xe000;
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** UTF-8 bytes to text; bytes that are no UTF-8 become replacement characters. */
export function decodeText(bytes: Uint8Array): string {
  return bytes.length <= 48 ? shortText(bytes, 0, bytes.length) : decoder.decode(bytes);
}

/** Short ASCII, nearly all of what Redis sends, without the fixed cost of a TextDecoder call. */
function shortText(bytes: Uint8Array, from: number, to: number): string {
  let text = '';
  for (let at = from; at < to; at++) {
    const byte = bytes[at] as number;
    if (byte >= 0x80) return decoder.decode(bytes.subarray(from, to));
    text += String.fromCharCode(byte);
  }
  return text;
}

const roomForOneRead = 16 * 1024;
const usualSize = 64 * 1024;
/** Redis itself refuses longer ones (proto-max-bulk-len). */
const maxBulkBytes = 512 * 1024 * 1024;

/**
 * Turns chunks into replies. Bytes are read straight into {@link ReplyParser.space}; a reply may end
 * anywhere, also in the middle of a line end, and nothing is scanned twice.
 */
export class ReplyParser {
  readonly #bulkAs: 'text' | 'bytes';
  #buffer = new Uint8Array(usualSize);
  #at = 0;
  #end = 0;
  /** Length of the bulk string whose header has been read; -1 outside of one. */
  #bulk = -1;
  /** Arrays that are still open, outermost first. */
  readonly #open: { readonly items: Reply[]; missing: number }[] = [];

  /** @param bulkAs whether bulk strings come as text, or as bytes for values that may be binary */
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

  /**
   * The next whole reply, or undefined when more bytes are needed.
   * @throws ProtocolError when the bytes are not RESP2.
   */
  next(): Reply | undefined {
    for (;;) {
      const value = this.#bulk >= 0 ? this.#takeBulk() : this.#takeLine();
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
  }

  #takeBulk(): Reply | undefined {
    const from = this.#at;
    const to = from + this.#bulk;
    if (this.#end < to + 2) return undefined;
    this.#at = to + 2;
    this.#bulk = -1;
    if (this.#bulkAs === 'bytes') return this.#buffer.slice(from, to);
    return to - from <= 48 ? shortText(this.#buffer, from, to) : decoder.decode(this.#buffer.subarray(from, to));
  }

  /** A reply of one line, or `opened` when the line is the header of an array or a bulk string. */
  #takeLine(): Reply | typeof opened | undefined {
    const lineEnd = this.#findLineEnd();
    if (lineEnd < 0) return undefined;
    const kind = this.#buffer[this.#at];
    const from = this.#at + 1;
    this.#at = lineEnd + 2;
    if (kind === 0x2b) return this.#status(from, lineEnd);
    if (kind === 0x2d) return new RedisError(decoder.decode(this.#buffer.subarray(from, lineEnd)));
    const number = this.#integer(from, lineEnd);
    if (kind === 0x3a) return number;
    if (kind === 0x24) return this.#openBulk(number);
    if (kind === 0x2a) return this.#openArray(number);
    throw new ProtocolError(`Redis sent a reply of an unknown kind (byte ${kind})`);
  }

  #openBulk(length: number): null | typeof opened {
    if (length < 0) return null;
    if (length > maxBulkBytes) throw new ProtocolError(`Redis announced a string of ${length} bytes`);
    this.#bulk = length;
    return opened;
  }

  #openArray(length: number): Reply | typeof opened {
    if (length < 0) return null;
    if (length === 0) return [];
    this.#open.push({ items: [], missing: length });
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
      inner = array.items;
    }
  }

  #findLineEnd(): number {
    for (let at = this.#at; at + 1 < this.#end; at++) {
      if (this.#buffer[at] === 0x0d && this.#buffer[at + 1] === 0x0a) return at;
    }
    return -1;
  }

  #status(from: number, to: number): string {
    if (to - from === 6 && this.#buffer[from] === 0x51) return 'QUEUED'; // four of five replies of a commit
    return shortText(this.#buffer, from, to);
  }

  #integer(from: number, to: number): number {
    let value = 0;
    const negative = this.#buffer[from] === 0x2d;
    for (let at = negative ? from + 1 : from; at < to; at++) {
      const digit = (this.#buffer[at] as number) - 0x30;
      if (digit < 0 || digit > 9) throw new ProtocolError('Redis sent a number that is none');
      value = value * 10 + digit;
    }
    return negative ? -value : value;
  }
}

/** The line opened an array or a string; its value follows. */
const opened = Symbol('opened');
