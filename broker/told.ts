/** What programs and telemetry are told. Pure. */
import type { Instance } from './instance.ts';
import type { Target } from './specifier.ts';
import type { WorkerMsgCall, WorkerState } from './types.ts';

/** A worker, as the program is told of it. */
export function stateOf(
  { identity: { module, segregationId }, settings, isBusy, counts, memory }: Instance,
): WorkerState {
  const { isolation = 'Worker' } = settings;
  const memoryBytes = isolation === 'Process' ? memory?.process : memory?.thread;
  return {
    ...counts,
    moduleSpecifier: module,
    isolation,
    isBusy,
    ...(segregationId === undefined ? {} : { segregationId }),
    ...(memoryBytes === undefined ? {} : { memoryBytes }),
  };
}

/** A call, as telemetry is told of it. */
export function described(
  { href, segregationId }: Target,
  functionName: string | undefined,
  args: readonly unknown[],
): WorkerMsgCall {
  return {
    kind: 'call',
    id: crypto.randomUUID(),
    targetModule: href,
    args: [...args],
    signal: new AbortController().signal,
    ...(segregationId === undefined ? {} : { targetSegregationId: segregationId }),
    ...(functionName === undefined ? {} : { functionName }),
  };
}
