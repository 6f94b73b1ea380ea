/** What commands need to know of a RedisWorker, read from the object as it is. */
import { z } from 'zod';
import { deadLetterStreamKey, requestStreamKey } from '../contract/keys.ts';
import type { KubeObject } from '../operator/cluster/cluster.ts';

const spec = z.object({
  type: z.string().optional(),
  redis: z.object({ url: z.string().optional(), username: z.string().optional() }).optional(),
  stream: z.object({ request: z.string().optional() }).optional(),
  handler: z.object({ deadLetter: z.string().optional() }).optional(),
});

const status = z.object({ readyReplicas: z.number().optional(), observedGeneration: z.number().optional() });

/** The worker type: `spec.type`, else the name. */
export function workerType(worker: KubeObject): string {
  return spec.safeParse(worker.spec).data?.type ?? worker.metadata.name;
}

/** A user may call a worker by its name or by its type. */
export function isNamed(worker: KubeObject, name: string): boolean {
  return worker.metadata.name === name || workerType(worker) === name;
}

/** URL of the worker's own Redis, when it has one, with its user and without a password. */
export function ownRedisUrl(worker: KubeObject): string | undefined {
  const { url, username = '' } = spec.safeParse(worker.spec).data?.redis ?? {};
  const parsed = URL.parse(url ?? '');
  if (parsed === null) return url;
  parsed.username = username;
  return parsed.href;
}

/** Consumers that take requests now. */
export function readyReplicas(worker: KubeObject): number {
  return status.safeParse(worker.status).data?.readyReplicas ?? 0;
}

/** The status speaks of the manifest as it is now. */
export function isCurrent(worker: KubeObject): boolean {
  const { generation } = worker.metadata;
  return generation === undefined || status.safeParse(worker.status).data?.observedGeneration === generation;
}

/** Key of the stream that a worker takes its requests from. */
export function requestStream(worker: KubeObject): string {
  return spec.safeParse(worker.spec).data?.stream?.request ?? requestStreamKey(workerType(worker));
}

/** Key of the stream for requests that nobody could finish. */
export function deadLetterStream(worker: KubeObject): string {
  return spec.safeParse(worker.spec).data?.handler?.deadLetter ?? deadLetterStreamKey(workerType(worker));
}
