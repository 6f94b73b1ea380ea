import { assertEquals } from '../testing/assert.ts';
import { asciiTextBetween, decodeText } from './text.ts';

const utf8 = new TextEncoder();

Deno.test('bytes are text where each of them is ASCII, however many they are, and else they are not', () => {
  for (const length of [0, 1, 48, 49, 100_000]) {
    const text = 'x'.repeat(length);
    assertEquals(asciiTextBetween(utf8.encode(`[${text}]`), 1, length + 1), text);
    for (const other of ['é', '\ufffd', '€']) {
      for (const mixed of [other + text, text + other]) {
        const bytes = utf8.encode(mixed);
        assertEquals([asciiTextBetween(bytes, 0, bytes.length), decodeText(bytes)], [undefined, mixed]);
      }
    }
    const broken = new Uint8Array([...utf8.encode(text), 0xff]);
    assertEquals(asciiTextBetween(broken, 0, broken.length), undefined);
  }
});
