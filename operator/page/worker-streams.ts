/** The keys a worker's manifest names or leaves to the usual, read from the object as it is. */
import { z } from 'zod';
import { foundScriptsKey } from '../../contract/hats.ts';
import {
  deadLetterStreamKey,
  keyPrefix,
  requestStreamKey,
  responseStreamKey,
  retryScheduleKey,
} from '../../contract/keys.ts';
import type { RedisTopology } from '../../contract/redis-address.ts';
import { defaultTaskDetails, taskFields, taskQueueKey } from '../../contract/tasks.ts';
import type { KubeObject } from '../cluster/cluster.ts';
import type { ScriptPlace, TaskPlace, WorkerStreams } from '../redis/requests/worker-streams.ts';
import type { WorkSort } from './model.ts';

const spec = z.object({
  type: z.string().optional(),
  stream: z.object({ request: z.string().optional(), response: z.string().optional() }).optional(),
  handler: z.object({ deadLetter: z.string().optional() }).optional(),
  tasks: z.object({
    circlePublicKey: z.string(),
    queue: z.string().optional(),
    details: z.string().default(defaultTaskDetails),
    fields: z.record(z.string(), z.string()).default({}),
  }).optional(),
  hats: z.object({ cluster: z.string().optional() }).optional(),
});

/** What a worker runs, as its manifest says. */
export function workOf({ spec: given }: KubeObject): WorkSort {
  const { tasks, hats } = spec.safeParse(given).data ?? {};
  return hats !== undefined ? 'Scripts' : tasks !== undefined ? 'Tasks' : 'Requests';
}

/** The worker type: `spec.type`, else the name. */
export function workerType({ spec: given, metadata }: KubeObject): string {
  return spec.safeParse(given).data?.type ?? metadata.name;
}

/** The streams of a worker in a Redis of this topology. */
export function streamsOf(worker: KubeObject, topology: RedisTopology): WorkerStreams {
  const { stream, handler, tasks, hats } = spec.safeParse(worker.spec).data ?? {};
  const type = workerType(worker);
  const usual = usualStreams(type, topology);
  return {
    requestStream: stream?.request ?? usual.requestStream,
    responseStream: stream?.response ?? usual.responseStream,
    deadLetterStream: handler?.deadLetter ?? usual.deadLetterStream,
    retrySchedule: usual.retrySchedule,
    ...(tasks && {
      tasks: {
        queue: tasks.queue ?? taskQueueKey(tasks.circlePublicKey),
        details: tasks.details,
        fields: { ...taskFields, ...tasks.fields },
      },
    }),
    ...(hats && { scripts: usualScripts(type, hats.cluster) }),
  };
}

/** The scripts of a worker type. @param cluster that its manifest names */
export function usualScripts(type: string, cluster = type): ScriptPlace {
  return { cluster, found: foundScriptsKey(type) };
}

/** Tasks whose manifest names nothing but perhaps the list. */
export function usualTasks(queue: string): TaskPlace {
  return { queue, details: defaultTaskDetails, fields: taskFields };
}

/** The streams of a worker type whose manifest names no others. */
export function usualStreams(type: string, topology: RedisTopology): WorkerStreams {
  const prefix = keyPrefix(type, topology);
  return {
    requestStream: requestStreamKey(prefix),
    responseStream: responseStreamKey(prefix),
    deadLetterStream: deadLetterStreamKey(prefix),
    retrySchedule: retryScheduleKey(prefix),
  };
}
