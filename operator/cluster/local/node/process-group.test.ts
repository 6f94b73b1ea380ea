import { PassThrough } from 'node:stream';
import { finished } from 'node:stream/promises';
import { expect, test } from 'vitest';
import { LogTail, splitLines } from './process-group.ts';

async function linesOf(...chunks: (string | Buffer)[]): Promise<string[]> {
  const stream = new PassThrough();
  const lines: string[] = [];
  splitLines(stream, (line) => lines.push(line));
  for (const chunk of chunks) stream.write(chunk);
  stream.end();
  await finished(stream);
  return lines;
}

test('lines and characters may be cut anywhere', async () => {
  const euro = Buffer.from('€\r\nend');
  expect(await linesOf('a', 'b\n\n', euro.subarray(0, 1), euro.subarray(1))).toEqual(['ab', '', '€', 'end']);
});

test('a line without an end does not fill the memory', async () => {
  const lines = await linesOf(Buffer.alloc(40_000, 'x'));
  expect(lines.map((line) => line.length)).toEqual([16_384, 16_384, 7232]);
});

test('the tail keeps the last lines, at most one KiB', () => {
  const tail = new LogTail();
  for (let i = 0; i < 1000; i += 1) tail.add(`line ${i}`);
  expect(tail.text().endsWith('line 998\nline 999')).toBe(true);
  expect(tail.text().length).toBeLessThanOrEqual(1024);
  tail.add('y'.repeat(5000));
  expect(tail.text()).toBe('y'.repeat(1024));
});
