/** What commands need to know of a RedisWorker, read from the object as it is. */
import { z } from 'zod';
import { deadLetterStreamKey, requestStreamKey } from '../contract/keys.ts';
import type { KubeObject } from '../operator/cluster/cluster.ts';

const spec = z.object({
  type: z.string().optional(),
  stream: z.object({ request: z.string().optional() }).optional(),
  handler: z.object({ deadLetter: z.string().optional() }).optional(),
});

/** The worker type: `spec.type`, else the name. */
export function workerType(worker: KubeObject): string {
  return spec.safeParse(worker.spec).data?.type ?? worker.metadata.name;
}

/** Key of the stream that a worker takes its requests from. */
export function requestStream(worker: KubeObject): string {
  return spec.safeParse(worker.spec).data?.stream?.request ?? requestStreamKey(workerType(worker));
}

/** Key of the stream for requests that nobody could finish. */
export function deadLetterStream(worker: KubeObject): string {
  return spec.safeParse(worker.spec).data?.handler?.deadLetter ?? deadLetterStreamKey(workerType(worker));
}
