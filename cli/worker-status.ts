/** The status of a worker as commands read it: each part by itself, so that one they do not understand hides no other. */
import { z } from 'zod';
import type { KubeObject } from '../operator/cluster/cluster.ts';

const count = z.number().optional().catch(undefined);
const text = z.string().optional().catch(undefined);
/** A part whose fields are shown as they are: numbers and words. */
const plain = z.record(z.string(), z.unknown()).optional().catch(undefined);

const consumer = z.object({
  id: z.string(),
  pod: text,
  state: text,
  pending: count,
  total: count,
  failed: count,
  p50Ms: count,
  p99Ms: count,
  lastCode: count,
  lastTime: text,
  restarts: count,
  reason: text,
});

const module = z.object({
  name: z.string(),
  state: text,
  calls: count,
  errors: count,
  restarts: count,
  memoryMiB: count,
  reason: text,
});

/** How many scripts of a kind are in each state. */
const scripts = z.record(z.string(), z.number());

const crashedScript = z.object({ key: z.string(), error: z.string(), time: text });

const condition = z.object({
  type: z.string(),
  status: z.string(),
  reason: text,
  message: text,
  lastTransitionTime: text,
});

const statusSchema = z.object({
  observedGeneration: count,
  conditions: z.array(condition).optional().catch(undefined),
  consumersReady: text,
  source: z.object({ digest: text, bytes: count, commit: text, resolveRequestedAt: text }).optional().catch(undefined),
  network: z.object({
    scope: z.array(z.string()).optional().catch(undefined),
    approximations: z.array(z.string()).optional().catch(undefined),
  }).optional().catch(undefined),
  stream: z.object({
    lag: count,
    pending: count,
    scheduled: count,
    backlog: count,
    oldestPendingTime: text,
    length: count,
  }).optional().catch(undefined),
  responses: z.object({
    total: count,
    succeeded: count,
    failed: count,
    unreadable: count,
    codes: z.record(z.string(), z.number()).optional().catch(undefined),
    lastCode: count,
    lastTime: text,
    perSecond: count,
    sampled: z.unknown().optional(),
    missed: z.unknown().optional(),
  }).optional().catch(undefined),
  autoscale: plain,
  rollout: plain,
  consumers: z.array(consumer).optional().catch(undefined),
  omittedConsumers: count,
  modules: z.array(module).optional().catch(undefined),
  hats: z.object({ crashed: z.array(crashedScript).optional().catch(undefined) }).catchall(scripts.catch({})).optional()
    .catch(undefined),
});

/** What is known of a worker; a field that is not there is not known. */
export type WorkerStatus = z.infer<typeof statusSchema>;
/** A module of it. */
export type ModuleView = z.infer<typeof module>;
/** A row of it. */
export type ConsumerView = z.infer<typeof consumer>;

/** The status; empty for a worker nobody has looked at. */
export function statusOf({ status }: KubeObject): WorkerStatus {
  return statusSchema.safeParse(status).data ?? {};
}
