/**
 * Messages between a host and the process a script runs in, each behind its length, over stdin and stdout: JSON, which
 * begins with `{`, or what is sent most often and says by its first byte what it is, see commands.ts.
 */
import { decodeText } from '../../redis/text.ts';

const headBytes = 4;
/** Messages are made one behind the other in a piece of memory of this many bytes: one of their own for each costs more than the rest. */
const slabBytes = 32 * 1024;
const encoder = new TextEncoder();
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
  const bytes = encodeInto(roomFor(most), text);
  used += bytes.length;
  return bytes;
}

/** A message of at most `most` bytes. @param fill writes it and gives where it ends, or undefined where it cannot */
export function encodeWith(
  most: number,
  fill: (room: Uint8Array, from: number) => number | undefined,
): Uint8Array | undefined {
  if (headBytes + most > slabBytes / 4) return undefined;
  const room = roomFor(headBytes + most);
  const end = fill(room, headBytes);
  if (end === undefined) return undefined;
  used += end;
  return behindLength(room, end);
}

/** A message that is bytes already. */
export function encodeBytes(bytes: Uint8Array): Uint8Array {
  const room = new Uint8Array(headBytes + bytes.length);
  room.set(bytes, headBytes);
  return behindLength(room, room.length);
}

function roomFor(most: number): Uint8Array {
  if (used + most > slab.length) [slab, used] = [new Uint8Array(slabBytes), 0];
  return slab.subarray(used, used + most);
}

function encodeInto(room: Uint8Array, text: string): Uint8Array {
  const { written } = encoder.encodeInto(text, room.subarray(headBytes));
  return behindLength(room, headBytes + written);
}

function behindLength(room: Uint8Array, end: number): Uint8Array {
  for (let at = headBytes - 1, rest = end - headBytes; at >= 0; at--, rest >>>= 8) room[at] = rest;
  return room.subarray(0, end);
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

  /** The next whole message that is JSON; undefined until there is one. @throws RangeError for one that is too long */
  next(): unknown {
    const bytes = this.nextBytes();
    return bytes === undefined ? undefined : JSON.parse(decodeText(bytes)) as unknown;
  }

  /** As {@link Frames.next}, of any kind, as the bytes it is. */
  nextBytes(): Uint8Array | undefined {
    const bytes = this.#bytes;
    if (bytes.length < headBytes) return undefined;
    const size = lengthIn(bytes);
    if (size > this.#most) throw new RangeError(`a message of ${size} bytes is longer than ${this.#most}`);
    if (bytes.length < headBytes + size) return undefined;
    this.#bytes = bytes.length === headBytes + size ? nothing : bytes.subarray(headBytes + size);
    return bytes.subarray(headBytes, headBytes + size);
  }
}

function lengthIn(bytes: Uint8Array): number {
  let length = 0;
  for (let at = 0; at < headBytes; at++) length = length * 256 + (bytes[at] ?? 0);
  return length;
}
