/** What a process of a module runs: its standard streams become what `postMessage` and `onmessage` are in a Worker. */
import { frameOf, FrameReader } from './frames.ts';
import { onmessage } from './onmessage.ts';

const { stdin, stdout, stderr } = Deno;
const [read, writeSync] = [stdin.read.bind(stdin), stdout.writeSync.bind(stdout)];
const scope = globalThis as unknown as {
  postMessage(message: unknown): void;
  onmessage: ((event: { readonly data: unknown; readonly ports: readonly MessagePort[] }) => void) | null;
};

// Modules may write: it goes where errors go, since the other stream is the broker's.
stdout.write = stderr.write.bind(stderr);
stdout.writeSync = stderr.writeSync.bind(stderr);
console.log = console.info = console.debug = console.error;
console.dir = (value: unknown) => console.error(Deno.inspect(value));

/** Blocks while the pipe is full: who floods the broker stands still. */
scope.postMessage = (message) => {
  const frame = frameOf(message);
  for (let written = 0; written < frame.byteLength;) written += writeSync(frame.subarray(written));
};

scope.onmessage = onmessage() as typeof scope.onmessage;
const [entry] = Deno.args;
if (entry !== undefined) await import(entry);

const frames = new FrameReader();
const buffer = new Uint8Array(64 * 1024);
for (;;) {
  const count = await read(buffer);
  if (count === null) Deno.exit(0); // the broker is gone
  for (const data of frames.read(buffer.subarray(0, count))) scope.onmessage?.({ data, ports: [] });
}
