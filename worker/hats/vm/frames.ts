/** Messages between a host and the process a script runs in: JSON behind its length, over stdin and stdout. */

const headBytes = 4;
/** Messages are made one behind the other in a piece of memory of this many bytes: one of their own for each costs more than the rest. */
const slabBytes = 32 * 1024;
const encoder = new TextEncoder();
const decoder = new TextDecoder();
const nothing = new Uint8Array();
let slab = nothing;
let used = 0;

/** A message as bytes. */
export function encodeFrame(message: unknown): Uint8Array {
  return encodeText(JSON.stringify(message));
}

/** A message that is JSON already. Its bytes are never used again, so that they may be written at any time. */
export function encodeText(text: string): Uint8Array {
  const most = headBytes + text.length * 3;
  if (most > slabBytes / 4) return encodeInto(new Uint8Array(most), text);
  if (used + most > slab.length) [slab, used] = [new Uint8Array(slabBytes), 0];
  const bytes = encodeInto(slab.subarray(used, used + most), text);
  used += bytes.length;
  return bytes;
}

function encodeInto(room: Uint8Array, text: string): Uint8Array {
  const { written } = encoder.encodeInto(text, room.subarray(headBytes));
  for (let at = headBytes - 1, rest = written; at >= 0; at--, rest >>>= 8) room[at] = rest;
  return room.subarray(0, headBytes + written);
}

/** Turns chunks into messages. */
export class Frames {
  #bytes: Uint8Array = nothing;
  readonly #most: number;

  /** @param most bytes of a message; a longer one is an error */
  constructor(most: number) {
    this.#most = most;
  }

  add(chunk: Uint8Array): void {
    if (this.#bytes.length === 0) {
      this.#bytes = chunk;
      return;
    }
    const all = new Uint8Array(this.#bytes.length + chunk.length);
    all.set(this.#bytes);
    all.set(chunk, this.#bytes.length);
    this.#bytes = all;
  }

  /** Nothing is left over of what was added. */
  get isEmpty(): boolean {
    return this.#bytes.length === 0;
  }

  /** The next whole message; undefined until there is one. @throws RangeError for one that is too long */
  next(): unknown {
    const text = this.nextText();
    return text === undefined ? undefined : JSON.parse(text) as unknown;
  }

  /** As {@link Frames.next}, as the JSON it is. */
  nextText(): string | undefined {
    const bytes = this.#bytes;
    if (bytes.length < headBytes) return undefined;
    const size = lengthIn(bytes);
    if (size > this.#most) throw new RangeError(`a message of ${size} bytes is longer than ${this.#most}`);
    if (bytes.length < headBytes + size) return undefined;
    const text = decoder.decode(bytes.subarray(headBytes, headBytes + size));
    this.#bytes = bytes.length === headBytes + size ? nothing : bytes.subarray(headBytes + size);
    return text;
  }
}

function lengthIn(bytes: Uint8Array): number {
  let length = 0;
  for (let at = 0; at < headBytes; at++) length = length * 256 + (bytes[at] ?? 0);
  return length;
}
