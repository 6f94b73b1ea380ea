/** A Worker that is a process of its own: what is posted to it goes over its standard streams, which nobody else has. */
import { BrokerError } from './broker-error.ts';
import { frameOf, FrameReader } from './frames.ts';
import { processArguments } from './process-command.ts';
import { getTelemetry } from './telemetry.ts';
import type { ModuleSettings } from './types.ts';

const entry = new URL('./process-entry.js', import.meta.url);

/** Bytes that may wait for a process to read them. */
const bufferLimit = 64 * 2 ** 20;

/** Bytes that are read at once. */
const readBytes = 64 * 1024;

/** Milliseconds a process may take to leave. */
const leaveMs = 3000;

/** No folder: Deno keeps no code there and no cache that modules could meet in. */
const noFolder = '/dev/null/none';

/** Reads, and writes, and ends; listeners are those of a Worker. */
export class ModuleProcess extends EventTarget implements Worker {
  onmessage: Worker['onmessage'] = null;
  onerror: Worker['onerror'] = null;
  onmessageerror: Worker['onmessageerror'] = null;
  readonly #child: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  #outbox: Uint8Array<ArrayBuffer>[] = [];
  #buffered = 0;
  #isWriting = false;
  #isOver = false;

  constructor(module: URL, settings: ModuleSettings) {
    super();
    const { permissions: { env = [] } = {}, program } = settings;
    this.#child = new Deno.Command(program ?? Deno.execPath(), {
      args: processArguments(module, entry, withTelemetry(settings)),
      clearEnv: true,
      env: {
        DENO_DIR: noFolder,
        DENO_NO_UPDATE_CHECK: '1',
        NO_COLOR: '1',
        MALLOC_ARENA_MAX: '1', // threads that share one hold half a mebibyte less at rest
        ...valuesOf(program === undefined ? env : [...env, 'PATH']),
        ...(getTelemetry() === undefined ? {} : valuesOf(telemetryVariables.filter(isReadable))),
      },
      cwd: '/',
      stdin: 'piped',
      stdout: 'piped',
      stderr: 'inherit',
    }).spawn();
    this.#writer = this.#child.stdin.getWriter();
    this.#writer.closed.catch(() => undefined);
    void this.#read();
    void this.#child.status.then((status) => this.#ended(endOf(status)));
  }

  /** The process. */
  get pid(): number {
    return this.#child.pid;
  }

  /** Settles when it has ended. */
  get gone(): Promise<unknown> {
    return this.#child.status;
  }

  /** @throws DOMException for what cannot be cloned, RangeError for too much at once, BrokerError when it does not read */
  postMessage(message: unknown): void {
    if (this.#isOver) return;
    const frame = frameOf(message);
    if (this.#buffered + frame.byteLength > bufferLimit) {
      throw new BrokerError('Overloaded', `${bufferLimit} bytes wait for a process that does not read them`);
    }
    this.#buffered += frame.byteLength;
    this.#outbox.push(frame);
    if (!this.#isWriting) void this.#write();
  }

  /** Ends it at once, whatever it does. */
  terminate(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    kill(this.#child);
  }

  /** Ends it when it has nothing to do: with telemetry, it may still send what it has to tell. */
  leave(): void {
    if (this.#isOver || getTelemetry() === undefined) return this.terminate();
    this.#isOver = true;
    void this.#writer.close().catch(() => undefined); // which it takes for the end of the broker
    const patience = setTimeout(() => kill(this.#child), leaveMs);
    Deno.unrefTimer(patience);
    void this.#child.status.then(() => clearTimeout(patience));
  }

  async #write(): Promise<void> {
    this.#isWriting = true;
    try {
      await null; // what is posted in one go is written in one
      while (this.#outbox.length > 0 && !this.#isOver) {
        const frames = this.#outbox;
        this.#outbox = [];
        const [first] = frames;
        const bytes = frames.length === 1 && first !== undefined
          ? first
          : new Uint8Array(await new Blob(frames).arrayBuffer());
        await this.#writer.write(bytes);
        this.#buffered -= bytes.byteLength;
      }
    } catch {
      // It reads no more: its end is told when it has ended.
    }
    this.#isWriting = false;
  }

  async #read(): Promise<void> {
    const frames = new FrameReader();
    try {
      const reader = this.#child.stdout.getReader({ mode: 'byob' });
      for (let room = new Uint8Array(readBytes);;) { // the same memory again and again
        const { done, value } = await reader.read(room);
        if (done) return;
        for (const data of frames.read(value)) {
          if (this.#isOver) return;
          this.#tell(new MessageEvent('message', { data }));
        }
        room = new Uint8Array(value.buffer);
      }
    } catch (error) {
      this.#ended(`it wrote what is no message: ${String(error)}`);
      kill(this.#child);
    }
  }

  #ended(why: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#tell(new ErrorEvent('error', { message: why, cancelable: true }));
  }

  #tell(event: MessageEvent | ErrorEvent): void {
    if (event instanceof ErrorEvent) this.onerror?.call(this, event);
    else this.onmessage?.call(this, event);
    this.dispatchEvent(event);
  }
}

/** What Deno's own telemetry reads, which no permission is needed for. */
const telemetryVariables = [
  'OTEL_DENO',
  'OTEL_DENO_METRICS',
  'OTEL_EXPORTER_OTLP_ENDPOINT',
  'OTEL_EXPORTER_OTLP_PROTOCOL',
  'OTEL_EXPORTER_OTLP_TIMEOUT',
  'OTEL_RESOURCE_ATTRIBUTES',
  'OTEL_SERVICE_NAME',
  'OTEL_TRACES_SAMPLER',
  'OTEL_TRACES_SAMPLER_ARG',
  'OTEL_BSP_SCHEDULE_DELAY',
];

const isReadable = (variable: string) => Deno.permissions.querySync({ name: 'env', variable }).state === 'granted';

/** The entry module that sets the telemetry of this process there, unless the program has one of its own. */
function withTelemetry(settings: ModuleSettings): ModuleSettings {
  const entryModule = settings.entry ?? getTelemetry()?.defaultWorkerModule;
  return entryModule === undefined ? settings : { ...settings, entry: entryModule };
}

function kill(child: Deno.ChildProcess): void {
  try {
    child.kill('SIGKILL');
  } catch {
    // It has ended by itself.
  }
}

function endOf({ code, signal }: Deno.CommandStatus): string {
  if (signal === 'SIGTRAP' || signal === 'SIGABRT' || code === 133) return 'its process had no memory left';
  return signal === null ? `its process ended with code ${code}` : `its process was ended by ${signal}`;
}

function valuesOf(names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.flatMap((name) => {
    const value = Deno.env.get(name);
    return value === undefined ? [] : [[name, value]];
  }));
}
