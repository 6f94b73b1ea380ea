import { assertEquals } from '../../testing/assert.ts';
import { encodeFrame, Frames } from './frames.ts';

const messages = [1, 20, 3000, 20_000, 7, 100_000].map((length) => ({ text: 'é'.repeat(length) }));

Deno.test('messages of any length come out as they went in, however their bytes are cut', () => {
  const bytes = messages.flatMap((message) => [...encodeFrame(message)]);
  for (const size of [1, 3, 1000, bytes.length]) {
    const frames = new Frames(1_000_000);
    const seen: unknown[] = [];
    for (let at = 0; at < bytes.length; at += size) {
      frames.add(Uint8Array.from(bytes.slice(at, at + size)));
      for (let next = frames.next(); next !== undefined; next = frames.next()) seen.push(next);
    }
    assertEquals([seen, frames.isEmpty], [messages, true]);
  }
});

Deno.test('the bytes of a message that waits to be written are left alone by all later ones', () => {
  const first = encodeFrame({ text: 'the first' });
  const before = first.slice();
  for (let n = 0; n < 5000; n++) encodeFrame({ n });
  assertEquals(first, before);
});

Deno.test('a message that is longer than may be is refused before it has come', () => {
  const frames = new Frames(10);
  frames.add(encodeFrame({ text: 'much too long' }).subarray(0, 4));
  let said = '';
  try {
    frames.next();
  } catch (error) {
    said = (error as Error).message;
  }
  assertEquals(said, 'a message of 24 bytes is longer than 10');
});
