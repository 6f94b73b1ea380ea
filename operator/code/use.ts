/** What code is for: what it may still import when it is one file, and how large that may be. Pure. */
import { maxBundleBytes, maxModuleBytes } from '../../contract/limits.ts';

/** The bare name that every runtime gives its code. */
export const runtimeModule = 'redisworker';

/** What the runtime has for code of one use. */
export interface CodeUse {
  readonly kind: 'worker' | 'module';
  /** Bare names it imports of the runtime. */
  readonly names: readonly string[];
  readonly mostBytes: number;
}

/** The module of a worker. */
export const workerCode: CodeUse = { kind: 'worker', names: [runtimeModule], mostBytes: maxBundleBytes };

/** Names below {@link runtimeModule} by which a module calls others. */
export const brokerNames = ['worker', 'onmessage', 'telemetry', 'debug'].map((name) => `broker/${name}`);

/** One of the modules of a worker. */
export const moduleCode: CodeUse = {
  kind: 'module',
  names: [runtimeModule, ...brokerNames.map((name) => `${runtimeModule}/${name}`)],
  mostBytes: maxModuleBytes,
};
