/** Streams over the channel between a broker and a module: pieces go out as the other side takes them, never all at once. */
import type { FromSource, Packed, StreamMessage, ToSource } from './messages.ts';

/** Pieces that may be on their way or wait to be taken. */
const window = 4;
/** Bytes of a piece; longer ones are cut. */
const pieceBytes = 256 * 1024;

/** How streams reach the other side. */
export interface StreamLink {
  post(message: StreamMessage): void;
  /** Packs and unpacks why a stream failed, or is wanted no longer. */
  pack(reason: unknown): Packed;
  unpack(packed: Packed): unknown;
}

interface Outgoing {
  readonly reader: ReadableStreamDefaultReader<unknown>;
  credit: number;
  more: (() => void) | undefined;
}

interface Incoming {
  readonly controller: ReadableStreamDefaultController<unknown>;
  /** Pieces asked for that have not come. */
  due: number;
}

/** The streams of one channel, in both directions. Each side counts those it sends. */
export class Streams {
  readonly #link: StreamLink;
  readonly #outgoing = new Map<number, Outgoing>();
  readonly #incoming = new Map<number, Incoming>();
  #next = 0;

  constructor(link: StreamLink) {
    this.#link = link;
  }

  /** Streams that have not ended. */
  get size(): number {
    return this.#outgoing.size + this.#incoming.size;
  }

  /** Begins to send. @returns what the other side knows it by @throws TypeError when somebody reads it already */
  send(stream: ReadableStream<unknown>): number {
    const id = this.#next++;
    const outgoing: Outgoing = { reader: stream.getReader(), credit: window, more: undefined };
    this.#outgoing.set(id, outgoing);
    void this.#pump(id, outgoing);
    return id;
  }

  async #pump(id: number, outgoing: Outgoing): Promise<void> {
    try {
      await null; // what names the stream goes first
      for (;;) {
        const { done, value } = await outgoing.reader.read();
        if (done) break;
        for (const chunk of pieces(value)) {
          while (outgoing.credit === 0) await new Promise<void>((resolve) => (outgoing.more = resolve));
          if (!this.#outgoing.has(id)) return;
          outgoing.credit--;
          this.#link.post({ kind: 'chunk', stream: id, chunk });
        }
      }
      if (this.#outgoing.delete(id)) this.#link.post({ kind: 'close', stream: id });
    } catch (error) {
      if (!this.#outgoing.delete(id)) return;
      this.#link.post({ kind: 'fail', stream: id, ...this.#link.pack(error) });
      void outgoing.reader.cancel(error).catch(() => undefined);
    }
  }

  /** The stream the other side sends by this id. */
  receive(id: number): ReadableStream<Uint8Array<ArrayBuffer>> {
    return new ReadableStream<unknown>({
      start: (controller) => void this.#incoming.set(id, { controller, due: window }),
      pull: ({ desiredSize }) => {
        const incoming = this.#incoming.get(id);
        const credit = (desiredSize ?? 0) - (incoming?.due ?? 0);
        if (incoming === undefined || credit <= 0) return;
        incoming.due += credit;
        this.#link.post({ kind: 'pull', stream: id, credit });
      },
      cancel: (reason) => {
        if (this.#incoming.delete(id)) this.#link.post({ kind: 'stop', stream: id, ...this.#link.pack(reason) });
      },
    }, { highWaterMark: window }) as ReadableStream<Uint8Array<ArrayBuffer>>;
  }

  /** Takes a message of the other side. One about a stream that is over is of no use any more. */
  handle(message: StreamMessage): void {
    if (message.kind === 'pull' || message.kind === 'stop') this.#handleOutgoing(message);
    else this.#handleIncoming(message);
  }

  #handleOutgoing(message: ToSource): void {
    const outgoing = this.#outgoing.get(message.stream);
    if (outgoing === undefined) return;
    if (message.kind === 'pull') outgoing.credit += message.credit;
    else {
      this.#outgoing.delete(message.stream);
      outgoing.credit = 1;
      void outgoing.reader.cancel(this.#link.unpack(message)).catch(() => undefined);
    }
    outgoing.more?.();
  }

  #handleIncoming(message: FromSource): void {
    const incoming = this.#incoming.get(message.stream);
    if (incoming === undefined) return;
    if (message.kind === 'chunk') {
      if (incoming.due-- > 0) return incoming.controller.enqueue(message.chunk);
      this.#incoming.delete(message.stream);
      return incoming.controller.error(new TypeError('the stream brought more than it was asked for'));
    }
    this.#incoming.delete(message.stream);
    if (message.kind === 'close') incoming.controller.close();
    else incoming.controller.error(this.#link.unpack(message));
  }

  /** Ends every stream: the other side is gone. */
  end(reason: unknown): void {
    for (const { controller } of this.#incoming.values()) controller.error(reason);
    this.#incoming.clear();
    for (const outgoing of this.#outgoing.values()) {
      void outgoing.reader.cancel(reason).catch(() => undefined);
      outgoing.credit = 1;
      outgoing.more?.();
    }
    this.#outgoing.clear();
  }
}

function* pieces(value: unknown): Generator<unknown> {
  if (!(value instanceof Uint8Array) || value.byteLength <= pieceBytes) return yield value;
  for (let start = 0; start < value.byteLength; start += pieceBytes) yield value.slice(start, start + pieceBytes);
}
