/**
 * What a module calls other modules by.
 *
 * @example
 * ```ts
 * import { brokerProxy } from "redisworker/broker/worker";
 * import type * as Hello from "./hello.ts";
 *
 * const hello = brokerProxy().workerProxy<typeof Hello>("./hello.ts");
 * export const greet = (name: string) => hello.hello(name);
 * ```
 * @module
 */
import { proxiesOver } from './proxy.ts';
import { sharedSide, type Side } from './shared-side.ts';
import type { Target } from './specifier.ts';
import type { WorkerProxyFactory } from './types.ts';

export { BrokerError } from './broker-error.ts';
export type * from './types.ts';

/** The broker this module runs under. A relative specifier is resolved against the module its worker was made for. */
export function brokerProxy(): WorkerProxyFactory {
  return proxiesOver<Target>({
    resolve: (worker) => ownSide().resolve(worker),
    call: (target, functionName, args, options) => ownSide().call(target, functionName, args, options),
  });
}

function ownSide(): Side {
  const side = sharedSide.get();
  if (side === undefined) throw new Error('this module does not run under a broker');
  return side;
}
