/** A channel between two modules, without the broker between them: the one side calls, the other answers. */
import { BrokerError } from './broker-error.ts';
import { pack, unpack } from './marshal.ts';
import { type CallMessage, isMessage, type Message, type OutcomeMessage, type Packed } from './messages.ts';
import { PendingCalls } from './pending.ts';
import { Streams } from './streams.ts';
import { post, transferables } from './transfer.ts';

/** Calls a module may have under way over one channel. */
const mostCalls = 1024;

/** Packs what was thrown, whatever it is. */
export type PackReason = (reason: unknown, streams: Streams) => Packed;

/** What both sides have: messages of calls and of their streams, over a port nobody else holds. */
abstract class Link {
  readonly streams: Streams;
  readonly #port: MessagePort;

  constructor(port: MessagePort, packReason: PackReason) {
    this.#port = port;
    this.streams = new Streams({
      post: (message) => this.post(message),
      pack: (reason) => packReason(reason, this.streams),
      unpack: (packed) => unpack(packed, this.streams)[0],
    });
    port.onmessage = ({ data }: MessageEvent<unknown>) => {
      if (isMessage(data)) this.handle(data);
    };
  }

  /** @throws what cannot be cloned */
  post(message: Message, transfer: Transferable[] = []): void {
    post(this.#port, message, transfer);
  }

  close(reason: unknown): void {
    this.#port.close();
    this.streams.end(reason);
  }

  protected abstract handle(message: Message): void;
}

/** The side that calls. */
export class CallingLink extends Link {
  readonly #pending = new PendingCalls(() => undefined);
  readonly #name: string;

  constructor(port: MessagePort, packReason: PackReason, name: string) {
    super(port, packReason);
    this.#name = name;
  }

  call(functionName: string, args: readonly unknown[]): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#pending.size >= mostCalls) {
        return reject(new BrokerError('Overloaded', `${mostCalls} calls of ${this.#name} are under way already`));
      }
      const settle = (outcome: OutcomeMessage) => {
        const [value] = unpack(outcome, this.streams);
        if (outcome.kind === 'result') resolve(value);
        else reject(value as Error);
      };
      const id = this.#pending.add({ settle, fail: reject }, {}, () => functionName) ?? 0;
      try {
        const packed = pack(args, this.streams);
        this.post({ kind: 'call', id, target: '', functionName, ...packed }, transferables(packed.values));
      } catch (error) {
        this.#pending.fail(id, error);
      }
    });
  }

  override close(reason: unknown): void {
    super.close(reason);
    this.#pending.failAll(reason);
  }

  protected handle(message: Message): void {
    if (message.kind === 'result' || message.kind === 'error') this.#pending.settle(message);
    else if ('stream' in message) this.streams.handle(message);
  }
}

/** The side that is called: who calls, and which module, was told by the broker once, and no message says otherwise. */
export class CalledLink extends Link {
  readonly #fixed: Pick<CallMessage, 'target' | 'segregationId' | 'source' | 'sourceSegregationId'>;
  readonly #answer: (message: CallMessage, link: CalledLink) => void;

  constructor(
    port: MessagePort,
    packReason: PackReason,
    fixed: Pick<CallMessage, 'target' | 'segregationId' | 'source' | 'sourceSegregationId'>,
    answer: (message: CallMessage, link: CalledLink) => void,
  ) {
    super(port, packReason);
    this.#fixed = fixed;
    this.#answer = answer;
  }

  protected handle(message: Message): void {
    if ('stream' in message) return this.streams.handle(message);
    if (message.kind !== 'call') return;
    const { kind, id, functionName = '', values, marks } = message;
    this.#answer({ kind, id, functionName, values, ...(marks && { marks }), ...this.#fixed }, this);
  }
}
