/** Sends together what is written to a stream one thing after the other. */
import type { Writable } from 'node:stream';

const gathering = new WeakSet<Writable>();

/**
 * What is written from now on goes out at the end of this turn of the event loop, all of it at once: a hundred looks that
 * go on with one reply cost one packet, and the server one read, where each would cost its own.
 */
export function gather(stream: Writable): void {
  if (gathering.has(stream)) return;
  gathering.add(stream);
  stream.cork();
  process.nextTick(() => {
    gathering.delete(stream);
    stream.uncork();
  });
}
