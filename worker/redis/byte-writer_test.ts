import { assertEquals } from '../testing/assert.ts';
import { ByteWriter } from './byte-writer.ts';

Deno.test('texts lie one behind the other, whether they are short or long, ASCII or not', () => {
  const lists = [['a', '', 'bc'], ['a', 'é', '€'], ['a', 'x'.repeat(200_000), 'é'.repeat(70_000), '', 'y'], []];
  const out = new ByteWriter();
  for (const texts of lists) {
    const bounds = out.clear().texts(texts);
    const all = out.writtenFrom(0);
    const found = texts.map((_, at) => new TextDecoder().decode(all.subarray(bounds[at], bounds[at + 1])));
    assertEquals([found, bounds.length, bounds.at(-1)], [texts, texts.length + 1, out.length]);
  }
});
