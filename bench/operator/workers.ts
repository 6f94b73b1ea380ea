/** Workers as the bench applies them, and how long they take to become Ready. */
import type { Api } from './api.ts';

/** Consumers of each. */
export const consumersEach = 3;

const namespace = 'default';
/** Where they are served. */
export const collection = `/apis/redisworker.dev/v1alpha1/namespaces/${namespace}/redisworkers`;
const code = `export default ({ data }: { data: { name: string } }) => ({ greeting: \`Hello, \${data.name}!\` });\n`;

/** One with inline code; `consumers` says who is wanted. */
export function workerObject(name: string, consumers: object): object {
  return {
    apiVersion: 'redisworker.dev/v1alpha1',
    kind: 'RedisWorker',
    metadata: { name, namespace },
    spec: { source: { inline: code }, consumers },
  };
}

/** A worker as far as the bench reads it. */
export interface Worker {
  readonly metadata: { readonly name: string };
  readonly status?: { readonly conditions?: readonly Condition[] };
}

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly message: string;
}

/** Its condition of that type, when it is True. */
export function trueCondition(worker: Worker, type: string): Condition | undefined {
  const condition = conditionOf(worker, type);
  return condition?.status === 'True' ? condition : undefined;
}

function conditionOf({ status }: Worker, type: string): Condition | undefined {
  return status?.conditions?.find((one) => one.type === type);
}

/** Applies so many workers of {@link consumersEach} consumers. @returns seconds until the last one is Ready */
export async function applyAndWait(api: Api, count: number, deadlineMs: number): Promise<number> {
  const objects = Array.from({ length: count }, (_, at) => workerObject(`worker-${at}`, { count: consumersEach }));
  return await createAndWait(api, objects, deadlineMs);
}

/** @throws Error saying how many are not Ready at the deadline */
export async function createAndWait(api: Api, objects: readonly object[], deadlineMs: number): Promise<number> {
  const ready = new Set<string>();
  let lastWord = 'nothing has been said of any worker';
  const begun = performance.now();
  let last = begun;
  await new Promise<void>((resolve, reject) => {
    const stop = api.watch(collection, (object) => {
      const worker = object as Worker;
      if (trueCondition(worker, 'Ready') === undefined) {
        lastWord = conditionOf(worker, 'Ready')?.message ?? lastWord;
        return;
      }
      ready.add(worker.metadata.name);
      if (ready.size < objects.length) return;
      last = performance.now();
      end(resolve);
    });
    const timer = setTimeout(() => {
      const so = `${ready.size} of ${objects.length} workers are Ready after ${deadlineMs / 1000} s`;
      end(() => reject(new Error(`${so}; the last of another: ${lastWord}`)));
    }, deadlineMs);
    const end = (settle: () => void) => {
      clearTimeout(timer);
      stop();
      settle();
    };
    createAll(api, objects).catch((error: unknown) => {
      end(() => reject(error instanceof Error ? error : new Error(String(error))));
    });
  });
  return (last - begun) / 1000;
}

async function createAll(api: Api, objects: readonly object[]): Promise<void> {
  await Promise.all(objects.map((object) => api.post(collection, object)));
}
