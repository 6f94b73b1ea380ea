/** The process's side of the two pipes. Reading and writing stand still until they are done. */
import { encodeFrame, encodeText, Frames } from './frames.ts';
import type { Operation, Order, Report } from './messages.ts';

const mostBytes = 64 * 1024 * 1024;
const chunkBytes = 16 * 1024;
const frames = new Frames(mostBytes);
const { stdin, stdout } = Deno;
let chunk = new Uint8Array(chunkBytes);

/** The next message as JSON; undefined once nobody is at the other end. */
function readText(): string | undefined {
  for (;;) {
    const text = frames.nextText();
    if (text !== undefined) return text;
    if (!frames.isEmpty) chunk = new Uint8Array(chunkBytes); // the one before is a part of what is to come
    const length = stdin.readSync(chunk);
    if (length === null) return undefined;
    frames.add(chunk.subarray(0, length));
  }
}

function write(bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) at += stdout.writeSync(at === 0 ? bytes : bytes.subarray(at));
}

/** The next order; undefined when there will be none. */
export function nextOrder(): Order | undefined {
  const text = readText();
  return text === undefined ? undefined : JSON.parse(text) as Order;
}

/** Tells the host something. */
export function tell(report: Exclude<Report, { say: 'ask' }>): void {
  write(encodeFrame(report));
}

/** Asks the host for something and waits. Arguments and answer are JSON, which nobody on the way reads. */
export function ask(operation: Operation, args: string): string {
  write(encodeText(`{"say":"ask","operation":"${operation}","args":${args}}`));
  return readText() ?? '{"end":true}';
}
