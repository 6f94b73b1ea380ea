import { expect, test } from 'vitest';
import { frameOf, MessageReader } from './websocket.ts';

/** A frame as a server sends it. */
function frame(opcode: number, text: string, isLast = true): Buffer {
  const payload = Buffer.from(text);
  const head = payload.length < 126
    ? Buffer.from([0, payload.length])
    : Buffer.from([0, 126, payload.length >> 8, payload.length & 255]);
  head[0] = (isLast ? 0x80 : 0) | opcode;
  return Buffer.concat([head, payload]);
}
const told = (messages: ReturnType<MessageReader['read']>) =>
  messages.map(({ kind, payload }) => [kind, payload.toString()]);

test('a message in parts is whole, also with a ping in between and in single bytes', () => {
  const reader = new MessageReader();
  const bytes = Buffer.concat([
    frame(2, 'one ', false),
    frame(9, 'ping'),
    frame(0, 'two'),
    frame(2, 'x'.repeat(300)),
    frame(8, ''),
  ]);
  const messages = Array.from(bytes, (byte) => reader.read(Buffer.from([byte]))).flat();
  expect(told(messages)).toEqual([['ping', 'ping'], ['data', 'one two'], ['data', 'x'.repeat(300)], ['close', '']]);
});

test.each([0, 125, 126, 65_535, 65_536])('a message of %i bytes is written masked, with its length', (length) => {
  const payload = Buffer.alloc(length, 'a');
  const written = frameOf(payload);
  const mask = written.subarray(written.length - length - 4, written.length - length);
  expect(written[1]! & 0x80).toBe(0x80);
  expect(Buffer.from(written.subarray(written.length - length).map((byte, at) => byte ^ mask[at % 4]!))).toEqual(
    payload,
  );
  const unmasked = Buffer.concat([written.subarray(0, written.length - length - 4), payload]);
  unmasked[1] = unmasked[1]! & 0x7f;
  expect(new MessageReader().read(unmasked)[0]?.payload).toEqual(payload);
});
