/** Commands as bytes, put together in memory that grows: for what is sent thousands of times per second; see commands.ts. */

const utf8 = new TextEncoder();
const firstSize = 32 * 1024;
const longTexts = 128 * 1024;

/** Writes into memory of its own. Texts come first, all at once; commands are put together out of them and of bytes that never change. */
export class ByteWriter {
  #bytes = new Uint8Array(firstSize);
  #length = 0;

  /** Bytes written so far. */
  get length(): number {
    return this.#length;
  }

  /** Bytes this can hold without growing. */
  get capacity(): number {
    return this.#bytes.length;
  }

  /** A view of what was written from `from` on, until {@link ByteWriter.clear}. */
  writtenFrom(from: number): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(from, this.#length);
  }

  /** Starts over in the same memory. */
  clear(): this {
    this.#length = 0;
    return this;
  }

  /**
   * Appends texts one after the other; returns where each of them begins, and last where they end. One call of the
   * encoder for all of them costs less than a call, or a loop over the characters, for each; but long ones are not copied
   * for that.
   */
  texts(texts: readonly string[]): number[] {
    const bounds = [this.#length];
    const length = texts.reduce((sum, text) => sum + text.length, 0);
    if (length > longTexts) {
      this.#reserve(2 * length); // whoever writes them repeats them
      for (const text of texts) bounds.push((this.#ascii(text) ? this : this.#text(text)).length);
    } else if (this.#ascii(texts.join(''))) {
      let at = bounds[0] as number;
      for (const text of texts) bounds.push(at += text.length);
    } else {
      for (const text of texts) bounds.push(this.#text(text).length);
    }
    return bounds;
  }

  /** Appends bytes as they are. */
  bytes(bytes: Uint8Array): this {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
    return this;
  }

  /** Appends again what was written from `from` to `to`. */
  repeat(from: number, to: number): this {
    this.#reserve(to - from);
    this.#bytes.copyWithin(this.#length, from, to);
    this.#length += to - from;
    return this;
  }

  /** Appends the first line of an array (`*`) or a bulk string (`$`) of `count` items or bytes. */
  header(kind: typeof asterisk | typeof dollar, count: number): this {
    this.#reserve(longestHeader);
    this.#bytes[this.#length++] = kind;
    return this.#digits(count).lineEnd();
  }

  /** Appends an argument of a command: what was written from `from` to `to`. */
  argument(from: number, to: number): this {
    return this.header(dollar, to - from).repeat(from, to).lineEnd();
  }

  /** Appends a whole number >= 0 as an argument. */
  number(value: number): this {
    return this.header(dollar, digitsOf(value)).#digits(value).lineEnd();
  }

  lineEnd(): this {
    this.#reserve(2);
    this.#bytes[this.#length++] = 0x0d;
    this.#bytes[this.#length++] = 0x0a;
    return this;
  }

  /** Appends a text that is nothing but ASCII; any other it leaves out, and returns false. */
  #ascii(text: string): boolean {
    this.#reserve(text.length);
    const { read, written } = utf8.encodeInto(text, this.#bytes.subarray(this.#length));
    if (read < text.length || written !== text.length) return false;
    this.#length += written;
    return true;
  }

  #text(text: string): this {
    this.#reserve(text.length * 3);
    this.#length += utf8.encodeInto(text, this.#bytes.subarray(this.#length)).written;
    return this;
  }

  #digits(value: number): this {
    this.#reserve(longestHeader);
    const from = this.#length;
    this.#length += digitsOf(value);
    for (let at = this.#length - 1, rest = value; at >= from; at--) {
      const tens = Math.trunc(rest / 10);
      this.#bytes[at] = zero + rest - tens * 10;
      rest = tens;
    }
    return this;
  }

  #reserve(bytes: number): void {
    const wanted = this.#length + bytes;
    if (wanted > this.#bytes.length) this.#grow(wanted);
  }

  #grow(wanted: number): void {
    const larger = new Uint8Array(2 ** Math.ceil(Math.log2(wanted)));
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
  }
}

function digitsOf(value: number): number {
  if (value < 1000) return value < 10 ? 1 : value < 100 ? 2 : 3; // nearly all of them
  let digits = 1;
  for (let bound = 10; value >= bound; bound *= 10) digits++;
  return digits;
}

/** The byte `*`, the header of an array. */
export const asterisk = 0x2a;
/** The byte `$`, the header of a bulk string. */
export const dollar = 0x24;
const zero = 0x30;
const longestHeader = 24;
