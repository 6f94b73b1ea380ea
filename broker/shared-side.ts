/** Where the modules of a thread find its way to the broker, whichever copy of this code they import. */
import type { Target } from './specifier.ts';
import type { CallOptions, WorkerSpecifier } from './types.ts';

const key = Symbol.for('redisworker.broker.side');

/** What other modules are called by. */
export interface Side {
  /** A relative specifier is meant from the module the worker was made for. */
  resolve(worker: WorkerSpecifier): Target;
  call(
    target: Target,
    functionName: string,
    args: readonly unknown[],
    options: CallOptions,
  ): Promise<unknown>;
}

const shared = globalThis as { [key]?: Side };

export const sharedSide = {
  set(side: Side): void {
    shared[key] = side;
  },
  get: (): Side | undefined => shared[key],
};
