import fc from 'fast-check';
import { expect, it } from 'vitest';
import { linesOf } from './stream.ts';

async function* cut(bytes: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  let from = 0;
  for (const size of sizes) {
    yield await Promise.resolve(bytes.subarray(from, from + size));
    from += size;
  }
  yield bytes.subarray(from);
}

async function collect(lines: AsyncIterable<string>): Promise<string[]> {
  const all: string[] = [];
  for await (const line of lines) all.push(line);
  return all;
}

it('gives the same lines however the bytes are cut, also inside a character', async () => {
  const line = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }).map((text) => text.replaceAll('\n', ' '));
  await fc.assert(
    fc.asyncProperty(fc.array(line, { maxLength: 6 }), fc.array(fc.nat(9), { maxLength: 20 }), async (lines, sizes) => {
      const bytes = new TextEncoder().encode(lines.map((text) => `${text}\n`).join(''));
      expect(await collect(linesOf(cut(bytes, sizes)))).toEqual(lines);
    }),
  );
});

it('does not take an unfinished line for a line', async () => {
  expect(await collect(linesOf(cut(new TextEncoder().encode('one\n\ntwo\nthr'), [])))).toEqual(['one', 'two']);
});
