/** Objects and functions that look like those of a module, and call it. */
import type { CallOptions, Fn, ProxiedFn, WorkerProxy, WorkerProxyFactory, WorkerSpecifier } from './types.ts';

/** Makes one call. */
export type Caller = (
  worker: WorkerSpecifier,
  functionName: string,
  args: readonly unknown[],
  options: CallOptions,
) => Promise<unknown>;

export function proxiesOver(call: Caller): WorkerProxyFactory {
  return {
    workerProxy: <M>(worker: WorkerSpecifier, options: CallOptions = {}) => moduleProxy<M>(call, worker, options),
    workerFnProxy: <F extends Fn>(worker: WorkerSpecifier, functionName: string, options: CallOptions = {}) =>
      functionProxy<F>(call, worker, { functionName, options }),
  };
}

function functionProxy<F extends Fn>(
  call: Caller,
  worker: WorkerSpecifier,
  { functionName, options }: { readonly functionName: string; readonly options: CallOptions },
): ProxiedFn<F> {
  return (...args) => call(worker, functionName, args, options) as Promise<Awaited<ReturnType<F>>>;
}

function moduleProxy<M>(call: Caller, worker: WorkerSpecifier, options: CallOptions): WorkerProxy<M> {
  const made = new Map<string, Fn>();
  return new Proxy(Object.create(null), {
    get(_, name) {
      // Whoever awaits a proxy asks for `then`: a promise is what the proxy is not.
      if (typeof name === 'symbol' || name === 'then') return undefined;
      let proxy = made.get(name);
      if (proxy === undefined) made.set(name, proxy = functionProxy(call, worker, { functionName: name, options }));
      return proxy;
    },
  });
}
