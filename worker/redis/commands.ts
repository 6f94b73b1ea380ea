/**
 * RESP2, the protocol of Redis: commands as bytes. Three needs, one encoding: {@link CommandBuffer} for whole commands
 * of any arguments, {@link encodeArguments} for parts that are encoded once and kept, and ByteWriter
 * (byte-writer.ts) for what is put together out of such parts thousands of times per second.
 */

/** One argument of a command; numbers are sent as decimal text. */
export type Arg = string | number | Uint8Array;

/** A command with its arguments: `['SET', 'key', 'value']`. */
export type Command = readonly Arg[];

const encoder = new TextEncoder();

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

/** Arguments of a command without its header, for those that are put together in parts. */
export function encodeArguments(...args: readonly (string | number)[]): string {
  return args.map((arg) => `$${byteLength(String(arg))}\r\n${arg}\r\n`).join('');
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
