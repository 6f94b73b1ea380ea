/** Every version of the workers of a namespace, as a watch tells them. */
import { inject } from 'vitest';
import { start, type TestProcess } from './processes.ts';

/** What these tests read of a worker. */
export interface SeenWorker {
  readonly metadata: {
    readonly name: string;
    readonly generation: number;
    readonly resourceVersion: string;
    readonly deletionTimestamp?: string;
  };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly consumersReady?: string;
    readonly conditions?: readonly { readonly type: string; readonly status: string; readonly reason: string }[];
  };
}

/** A watch that goes on until it is stopped. */
export interface WorkerHistory {
  /** In their order, those of a deletion included. */
  versions(): SeenWorker[];
  stop(): Promise<void>;
}

/** Starts the watch. */
export function followWorkers(namespace: string): WorkerHistory {
  const watch: TestProcess = start(
    inject('kubectl'),
    ['-n', namespace, 'get', 'rw', '-o', 'jsonpath={@}{"\\n"}', '--watch'],
    { env: { ...process.env, KUBECONFIG: inject('kubeconfig') } },
  );
  return {
    versions: () =>
      watch.output().split('\n').slice(0, -1).filter((line) => line.startsWith('{')).map((line) =>
        JSON.parse(line) as SeenWorker
      ),
    stop: () => watch.stop(),
  };
}
