/** Objects and functions that look like those of a module, and call it. */
import type { CallOptions, Fn, ProxiedFn, WorkerProxy, WorkerProxyFactory, WorkerSpecifier } from './types.ts';

/** Whom proxies call by. */
export interface Caller<Target> {
  /** Whose module is meant; asked once for each proxy, by its first call. @throws TypeError for what is no URL */
  resolve(worker: WorkerSpecifier): Target;
  /** Makes one call. */
  call(target: Target, functionName: string, args: readonly unknown[], options: CallOptions): Promise<unknown>;
}

export function proxiesOver<Target>(caller: Caller<Target>): WorkerProxyFactory {
  return {
    workerProxy: <M>(worker: WorkerSpecifier, options: CallOptions = {}) =>
      moduleProxy<M>(caller, once(caller, worker), options),
    workerFnProxy: <F extends Fn>(worker: WorkerSpecifier, functionName: string, options: CallOptions = {}) =>
      functionProxy<F, Target>(caller, once(caller, worker), { functionName, options }),
  };
}

function once<Target>({ resolve }: Caller<Target>, worker: WorkerSpecifier): () => Target {
  let resolved: { readonly target: Target } | undefined;
  return () => (resolved ??= { target: resolve(worker) }).target;
}

function functionProxy<F extends Fn, Target>(
  { call }: Caller<Target>,
  target: () => Target,
  { functionName, options }: { readonly functionName: string; readonly options: CallOptions },
): ProxiedFn<F> {
  return (...args) => {
    try {
      return call(target(), functionName, args, options) as Promise<Awaited<ReturnType<F>>>;
    } catch (error) {
      return Promise.reject(error as Error);
    }
  };
}

function moduleProxy<M>(caller: Caller<unknown>, target: () => unknown, options: CallOptions): WorkerProxy<M> {
  const made = new Map<string, Fn>();
  return new Proxy(Object.create(null), {
    get(_, name) {
      // Whoever awaits a proxy asks for `then`: a promise is what the proxy is not.
      if (typeof name === 'symbol' || name === 'then') return undefined;
      let proxy = made.get(name);
      if (proxy === undefined) made.set(name, proxy = functionProxy(caller, target, { functionName: name, options }));
      return proxy;
    },
  });
}
