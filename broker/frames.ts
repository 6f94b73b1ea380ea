/** Values on a pipe: each is one frame, its length before it. */
import { decode, encode } from './codec.ts';

/** Bytes of one frame, at most. */
const frameLimit = 64 * 2 ** 20;

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });

/** Length of all that follows, length of the text, the text, and of each buffer its length and itself. @throws what encode throws, RangeError */
export function frameOf(value: unknown): Uint8Array<ArrayBuffer> {
  const { text, blobs } = encode(value);
  const bytes = encoder.encode(text);
  const length = blobs.reduce((sum, blob) => sum + 4 + blob.byteLength, 8 + bytes.byteLength);
  if (length > frameLimit) {
    throw new RangeError(`a call to or from a process carries ${frameLimit} bytes at most: send a stream instead`);
  }
  const frame = new Uint8Array(length);
  const numbers = new DataView(frame.buffer);
  numbers.setUint32(0, length - 4);
  numbers.setUint32(4, bytes.byteLength);
  frame.set(bytes, 8);
  let at = 8 + bytes.byteLength;
  for (const blob of blobs) {
    numbers.setUint32(at, blob.byteLength);
    frame.set(blob, at + 4);
    at += 4 + blob.byteLength;
  }
  return frame;
}

/** Puts the values together again, from pieces as they come. */
export class FrameReader {
  #pieces: Uint8Array[] = [];
  #held = 0;
  #wanted = 4;

  /**
   * @param piece read to its end, it may be written over
   * @throws SyntaxError, TypeError, RangeError for what {@link frameOf} does not write
   */
  *read(piece: Uint8Array): Generator<unknown> {
    this.#pieces.push(piece);
    this.#held += piece.byteLength;
    while (this.#held >= this.#wanted) {
      const bytes = joined(this.#pieces, this.#held);
      const numbers = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      const length = 4 + numbers.getUint32(0);
      if (length > frameLimit) throw new RangeError(`a frame of ${length} bytes is too long`);
      this.#wanted = Math.max(length, 8);
      this.#pieces = [bytes];
      if (this.#held < this.#wanted) break;
      this.#pieces = [bytes.subarray(this.#wanted)];
      this.#held -= this.#wanted;
      this.#wanted = 4;
      yield valueOf(bytes.subarray(4, length));
    }
    const rest = this.#pieces.pop();
    if (this.#held > 0 && rest !== undefined) this.#pieces.push(rest.slice());
  }
}

function valueOf(frame: Uint8Array): unknown {
  const numbers = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  let at = 4 + numbers.getUint32(0);
  const text = decoder.decode(within(frame, 4, at));
  const blobs: Uint8Array[] = [];
  while (at < frame.byteLength) {
    const end = at + 4 + numbers.getUint32(at);
    blobs.push(within(frame, at + 4, end));
    at = end;
  }
  return decode({ text, blobs });
}

function within(frame: Uint8Array, start: number, end: number): Uint8Array {
  if (end > frame.byteLength) throw new RangeError('a frame ends before its parts do');
  return frame.subarray(start, end);
}

function joined(pieces: readonly Uint8Array[], length: number): Uint8Array {
  const [first] = pieces;
  if (pieces.length === 1 && first !== undefined) return first;
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.byteLength;
  }
  return bytes;
}
