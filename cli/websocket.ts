/** The messages of a WebSocket (RFC 6455) as a client writes and reads them; whole messages, no extensions. */
import { randomBytes } from 'node:crypto';

const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** A message, or a word of the connection itself. */
export interface Message {
  readonly kind: 'data' | 'close' | 'ping' | 'pong';
  readonly payload: Buffer;
}

/** A binary message, or another word, in one masked frame. */
export function frameOf(payload: Buffer, kind: 'binary' | 'pong' | 'close' = 'binary'): Buffer {
  const { length } = payload;
  const head = length < 126 ? Buffer.alloc(2) : length < 65_536 ? Buffer.alloc(4) : Buffer.alloc(10);
  head[0] = 0x80 | opcodes[kind];
  if (length < 126) head[1] = 0x80 | length;
  else if (length < 65_536) {
    head[1] = 0x80 | 126;
    head.writeUInt16BE(length, 2);
  } else {
    head[1] = 0x80 | 127;
    head.writeBigUInt64BE(BigInt(length), 2);
  }
  const mask = randomBytes(4);
  return Buffer.concat([head, mask, payload.map((byte, at) => byte ^ (mask[at % 4] ?? 0))]);
}

/** Takes bytes as they come, and gives messages once they are whole. */
export class MessageReader {
  #rest: Buffer = Buffer.alloc(0);
  #parts: Buffer[] = [];

  read(chunk: Buffer): readonly Message[] {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    const messages: Message[] = [];
    for (let frame = this.#next(); frame !== undefined; frame = this.#next()) {
      const { opcode, isLast, payload } = frame;
      const control = { [opcodes.close]: 'close', [opcodes.ping]: 'ping', [opcodes.pong]: 'pong' } as const;
      if (opcode in control) {
        messages.push({ kind: control[opcode as keyof typeof control], payload });
        continue;
      }
      this.#parts.push(payload);
      if (!isLast) continue;
      messages.push({ kind: 'data', payload: Buffer.concat(this.#parts) });
      this.#parts = [];
    }
    return messages;
  }

  #next(): { opcode: number; isLast: boolean; payload: Buffer } | undefined {
    const [first, second] = this.#rest;
    if (first === undefined || second === undefined) return undefined;
    const short = second & 0x7f;
    const headLength = short === 126 ? 4 : short === 127 ? 10 : 2;
    if (this.#rest.length < headLength) return undefined;
    const length = short === 126
      ? this.#rest.readUInt16BE(2)
      : short === 127
      ? Number(this.#rest.readBigUInt64BE(2))
      : short;
    const end = headLength + length;
    if (this.#rest.length < end) return undefined;
    const payload = this.#rest.subarray(headLength, end);
    this.#rest = this.#rest.subarray(end);
    return { opcode: first & 0x0f, isLast: (first & 0x80) !== 0, payload };
  }
}
