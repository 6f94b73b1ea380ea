/** The process's side of the two pipes. Reading and writing stand still until they are done. */
import { decodeText } from '../../redis/text.ts';
import { encodeCommand } from './commands.ts';
import { encodeFrame, encodeText, Frames } from './frames.ts';
import type { Operation, Order, Report } from './messages.ts';

const mostBytes = 64 * 1024 * 1024;
const chunkBytes = 16 * 1024;
const frames = new Frames(mostBytes);
const { stdin, stdout } = Deno;
let chunk = new Uint8Array(chunkBytes);

/** The next message as text; undefined once nobody is at the other end. */
function readText(): string | undefined {
  for (;;) {
    const bytes = frames.nextBytes();
    if (bytes !== undefined) return decodeText(bytes);
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

/** Asks the host for something and waits. @param args JSON that nobody on the way reads @returns a text behind `+`, or JSON */
export function ask(operation: Operation, args: string): string {
  write(encodeText(`{"say":"ask","operation":"${operation}","args":${args}}`));
  return readText() ?? ended;
}

/** Has the host give a command to Redis and waits. @returns as {@link ask} */
export function command(words: readonly string[]): string {
  write(encodeCommand(words));
  return readText() ?? ended;
}

const ended = '{"end":true}';
