/** Output of a container, line by line. */
import { StringDecoder } from 'node:string_decoder';
import type { Readable } from 'node:stream';

/** Longer lines are told in pieces of this many characters, so that no program can fill the memory. */
const maxLineLength = 16_384;

/** Tells every line without its end; the rest without one at the end of the stream. */
export function splitLines(stream: Readable, onLine: (line: string) => void): void {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  stream.on('data', (chunk: Buffer) => {
    const lines = (rest + decoder.write(chunk)).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) pieces(line).forEach(onLine);
    if (rest.length > maxLineLength) {
      const [first, ...others] = pieces(rest);
      rest = others.pop() ?? '';
      [first ?? '', ...others].forEach(onLine);
    }
  });
  stream.on('end', () => {
    if (rest !== '') onLine(rest);
  });
}

function pieces(line: string): string[] {
  const clean = line.endsWith('\r') ? line.slice(0, -1) : line;
  return clean === ''
    ? ['']
    : Array.from({ length: Math.ceil(clean.length / maxLineLength) }, (_, index) =>
      clean.slice(index * maxLineLength, (index + 1) * maxLineLength));
}

/** The last lines of an output, at most about 1 KiB: what a person wants to read after a crash. */
export class LogTail {
  readonly #lines: string[] = [];
  #length = 0;

  add(line: string): void {
    this.#lines.push(line.slice(-maxTailLength));
    this.#length += Math.min(line.length, maxTailLength) + 1;
    while (this.#length > maxTailLength && this.#lines.length > 1) {
      this.#length -= (this.#lines.shift()?.length ?? 0) + 1;
    }
  }

  text(): string {
    return this.#lines.join('\n');
  }
}

const maxTailLength = 1024;
