/** A call while it runs: what the function called finds in `this`. */
import type { CallMessage } from './messages.ts';
import type { WorkerMsgCall } from './types.ts';

/** Its signal is made when somebody asks for it, which few functions do. */
export class RunningCall implements WorkerMsgCall {
  readonly kind = 'call';
  readonly id: string;
  readonly targetModule: string;
  readonly targetSegregationId?: string;
  readonly sourceModule?: string;
  readonly sourceSegregationId?: string;
  readonly functionName?: string;
  readonly args: unknown[];
  readonly context?: unknown;
  #controller: AbortController | undefined;
  #end: { readonly reason: unknown } | undefined;

  constructor(message: CallMessage, args: unknown[]) {
    this.id = `${message.id}`;
    this.targetModule = message.target;
    this.args = args;
    const { segregationId, source, sourceSegregationId, functionName, context } = message;
    if (segregationId !== undefined) this.targetSegregationId = segregationId;
    if (source !== undefined) this.sourceModule = source;
    if (sourceSegregationId !== undefined) this.sourceSegregationId = sourceSegregationId;
    if (functionName !== undefined) this.functionName = functionName;
    if (context !== undefined) this.context = context;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#end !== undefined) this.#controller.abort(this.#end.reason);
    }
    return this.#controller.signal;
  }

  /** @throws the reason, when nobody waits for it any more */
  throwIfAborted(): void {
    if (this.#end !== undefined) throw this.#end.reason;
  }

  abort(reason: unknown): void {
    this.#end ??= { reason };
    this.#controller?.abort(reason);
  }
}
