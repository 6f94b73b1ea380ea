/** The process's side of the two pipes. Reading and writing stand still until they are done. */
import { encodeFrame, Frames } from './frames.ts';
import type { Answer, Order, Report } from './messages.ts';

const mostBytes = 64 * 1024 * 1024;
const frames = new Frames(mostBytes);
const { stdin, stdout } = Deno;

/** The next message; undefined once nobody is at the other end. */
function read(): unknown {
  for (;;) {
    const message = frames.next();
    if (message !== undefined) return message;
    const chunk = new Uint8Array(16 * 1024);
    const length = stdin.readSync(chunk);
    if (length === null) return undefined;
    frames.add(chunk.subarray(0, length));
  }
}

/** The next order; undefined when there will be none. */
export function nextOrder(): Order | undefined {
  return read() as Order | undefined;
}

/** Tells the host something. */
export function tell(report: Report): void {
  const bytes = encodeFrame(report);
  for (let at = 0; at < bytes.length;) at += stdout.writeSync(bytes.subarray(at));
}

/** Asks the host for something and waits for its answer. */
export function ask(report: Extract<Report, { say: 'ask' }>): Answer {
  tell(report);
  return (read() ?? { end: true }) as Answer;
}
