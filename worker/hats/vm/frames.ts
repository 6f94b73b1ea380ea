/** Messages between a host and the process a script runs in: JSON behind its length, over stdin and stdout. */

const head = 4;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** A message as bytes. */
export function encodeFrame(message: unknown): Uint8Array {
  return encodeText(JSON.stringify(message));
}

/** A message that is JSON already. */
export function encodeText(text: string): Uint8Array {
  const bytes = new Uint8Array(head + text.length * 3);
  const { written } = encoder.encodeInto(text, bytes.subarray(head));
  new DataView(bytes.buffer).setUint32(0, written);
  return bytes.subarray(0, head + written);
}

/** Turns chunks into messages. */
export class Frames {
  #bytes: Uint8Array = new Uint8Array();
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
    const { byteOffset, buffer, length } = this.#bytes;
    if (length < head) return undefined;
    const size = new DataView(buffer, byteOffset).getUint32(0);
    if (size > this.#most) throw new RangeError(`a message of ${size} bytes is longer than ${this.#most}`);
    if (length < head + size) return undefined;
    const text = decoder.decode(this.#bytes.subarray(head, head + size));
    this.#bytes = this.#bytes.subarray(head + size);
    return text;
  }
}
