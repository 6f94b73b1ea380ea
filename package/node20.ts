/** What the sources use of JavaScript's library and Node 20 lacks. The npm package carries it; a newer Node needs none of it. */

function bring(where: object, name: string, value: unknown): void {
  if (!(name in where)) Object.defineProperty(where, name, { value, writable: true, configurable: true });
}

bring(Symbol, 'dispose', Symbol.for('Symbol.dispose'));
bring(Symbol, 'asyncDispose', Symbol.for('Symbol.asyncDispose'));

/** As `Promise.withResolvers`. */
export function withResolvers<T>(): PromiseWithResolvers<T> {
  let resolve!: PromiseWithResolvers<T>['resolve'];
  let reject!: PromiseWithResolvers<T>['reject'];
  const promise = new Promise<T>((...settle) => ([resolve, reject] = settle));
  return { promise, resolve, reject };
}

/** As `Map.groupBy`. */
export function groupBy<K, T>(items: Iterable<T>, keyOf: (item: T, index: number) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  let index = 0;
  for (const item of items) {
    const key = keyOf(item, index++);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}

/** As `AbortSignal.any`, which came with Node 20.3. */
export function anySignal(signals: Iterable<AbortSignal>): AbortSignal {
  const either = new AbortController();
  for (const signal of signals) {
    const abort = (): void => either.abort(signal.reason);
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true, signal: either.signal });
  }
  return either.signal;
}

/** As `AsyncDisposableStack`, of which the sources use `defer`, `move` and the disposal. */
export class DeferredEndings implements AsyncDisposable {
  #endings: (() => unknown)[] | undefined = [];

  get disposed(): boolean {
    return this.#endings === undefined;
  }

  defer(ending: () => unknown): void {
    this.#open().push(ending);
  }

  move(): DeferredEndings {
    const taken = new DeferredEndings();
    taken.#endings = this.#open();
    this.#endings = undefined;
    return taken;
  }

  /** Runs every ending, the latest first; of several that fail the last error is thrown, with the one before in `suppressed`. */
  async disposeAsync(): Promise<void> {
    const endings = this.#endings ?? [];
    this.#endings = undefined;
    let failure: { readonly error: unknown } | undefined;
    for (const end of endings.reverse()) {
      try {
        await end();
      } catch (error) {
        failure = { error: failure === undefined ? error : suppressing(error, failure.error) };
      }
    }
    if (failure !== undefined) throw failure.error;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.disposeAsync();
  }

  #open(): (() => unknown)[] {
    if (this.#endings === undefined) throw new ReferenceError('everything was disposed of before');
    return this.#endings;
  }
}

function suppressing(error: unknown, suppressed: unknown): Error {
  const text = 'An error was suppressed during disposal.';
  return Object.assign(new Error(text), { name: 'SuppressedError', error, suppressed });
}

bring(Promise, 'withResolvers', withResolvers);
bring(Map, 'groupBy', groupBy);
bring(AbortSignal, 'any', anySignal);
bring(globalThis, 'AsyncDisposableStack', DeferredEndings);
