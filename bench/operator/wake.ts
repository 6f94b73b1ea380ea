/** How soon a sleeping worker is woken: from the request on its stream to the write that gives it a consumer. */
import { setTimeout as delay } from 'node:timers/promises';
import { requestStreamKey } from '../../contract/keys.ts';
import type { Api } from './api.ts';
import { settled } from './rest.ts';
import type { Stage } from './stage.ts';
import { collection, createAndWait, trueCondition, type Worker, workerObject } from './workers.ts';

const asleep = { autoscale: { min: 0, max: 1, backlogPerConsumer: 10, idleSeconds: 3600 } };
const wokenMs = 30_000;
const probeMs = 60_000;
/** A worker that was woken is looked at once more after a second: by then all workers are idle again. */
const followUpMs = 2000;

/**
 * Milliseconds of so many wakes, each of another of so many workers that have nothing to do. They begin when the operator
 * writes nothing any more, and each waits until what follows the one before is over: else the bench would measure how
 * long this machine takes to start a pod, with the controllers, the scheduler and the nodes of a cluster on it.
 */
export async function measureWakes(
  stage: Stage,
  workers: number,
  samples: number,
  deadlineMs: number,
): Promise<number[]> {
  await probe(stage.api);
  const names = Array.from({ length: workers }, (_, at) => `sleeper-${at}`);
  await createAndWait(stage.api, names.map((name) => workerObject(name, asleep)), deadlineMs);
  await settled(stage, deadlineMs);
  const deployments = scaledDeployments(stage.api);
  const running = runningWorkers(stage.api);
  const took: number[] = [];
  try {
    for (let sample = 0; sample < samples; sample++) {
      const name = names[Math.floor((sample * workers) / samples)] ?? '';
      const [scaled, runs] = [deployments.wait(name), running.wait(name)];
      const begun = performance.now();
      await stage.redis.client.xadd(requestStreamKey(name), '*', 'ref', `wake-${sample}`, 'type', name);
      await scaled;
      took.push(performance.now() - begun);
      await runs;
      await delay(followUpMs);
    }
  } finally {
    deployments.stop();
    running.stop();
  }
  return took;
}

/** @throws Error when the operator does not scale workers */
async function probe(api: Api): Promise<void> {
  await api.post(collection, workerObject('probe', asleep));
  for (const end = Date.now() + probeMs; Date.now() < end;) {
    await delay(200);
    const worker = await api.get(`${collection}/probe`) as Worker;
    const stalled = trueCondition(worker, 'Stalled');
    if (stalled !== undefined) throw new Error(stalled.message);
    if (trueCondition(worker, 'Ready') !== undefined) return;
  }
  throw new Error(`a worker that sleeps is not Ready after ${probeMs / 1000} s`);
}

/** Settles waits for workers, by their names. */
interface Waits {
  wait(name: string): Promise<void>;
  stop(): void;
}

/** Tells of Deployments that want a pod, by the worker they belong to. */
function scaledDeployments(api: Api): Waits {
  return waitsFor(api, '/apis/apps/v1/namespaces/default/deployments', 'woken', (object) => {
    const { metadata, spec } = object as { metadata: { name: string }; spec: { replicas: number } };
    return spec.replicas > 0 ? metadata.name.replace(/-1$/, '') : undefined;
  });
}

/** Tells of workers whose status counts a consumer that runs. */
function runningWorkers(api: Api): Waits {
  return waitsFor(api, collection, 'told to run', (object) => {
    const { metadata, status } = object as Worker & { readonly status?: { readonly readyReplicas?: number } };
    return (status?.readyReplicas ?? 0) > 0 ? metadata.name : undefined;
  });
}

/** @param nameOf the worker an object lets go on */
function waitsFor(api: Api, path: string, what: string, nameOf: (object: unknown) => string | undefined): Waits {
  const waiting = new Map<string, () => void>();
  return {
    stop: api.watch(path, (object) => waiting.get(nameOf(object) ?? '')?.()),
    wait: (name) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`${name} was not ${what} in ${wokenMs / 1000} s`)), wokenMs);
        waiting.set(name, () => {
          clearTimeout(timer);
          resolve();
        });
      }),
  };
}

/** The value that so large a share is not above. @throws Error when there is none */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((one, other) => one - other);
  const value = sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)];
  if (value === undefined) throw new Error('there is no value to take a quantile of');
  return value;
}
