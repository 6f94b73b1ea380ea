/** What `up` says about a worker whenever its conditions change. */
import { z } from 'zod';
import type { KubeObject } from '../operator/cluster/cluster.ts';

const told = z.object({
  status: z.object({
    http: z.object({ url: z.string().optional() }).default({}),
    conditions: z.array(
      z.object({
        type: z.string(),
        status: z.string(),
        reason: z.string().default(''),
        message: z.string().default(''),
      }),
    ).default([]),
  }),
});

type Condition = z.infer<typeof told>['status']['conditions'][number];

/** Where a worker stands. */
export type Standing = 'ready' | 'stalled' | 'waiting';

/** The standing of a worker, and the line that tells it. */
export interface Announcement {
  readonly standing: Standing;
  readonly line: string;
}

/** Reads the conditions of a worker. */
export function announce(worker: KubeObject): Announcement {
  const conditions = conditionsOf(worker);
  const find = (type: string): Condition | undefined => conditions.find((condition) => condition.type === type);
  const { name } = worker.metadata;
  const stalled = find('Stalled');
  if (stalled?.status === 'True') return { standing: 'stalled', line: `✗ ${name} cannot run: ${sentence(stalled)}` };
  const ready = find('Ready');
  if (ready?.status === 'True') return { standing: 'ready', line: `✓ ${name} is ready: ${sentence(ready)}` };
  const cause = ready ?? find('Reconciling');
  return {
    standing: 'waiting',
    line: cause === undefined ? `… ${name} is new` : `… ${name} is not ready: ${sentence(cause)}`,
  };
}

/**
 * Calls `print` with the line of a worker when it differs from the one before, and with where it answers over HTTP; of a
 * new one there is nothing to say.
 */
export function announcer(print: (line: string) => void): (worker: KubeObject) => void {
  const last = new Map<string, string>();
  const printNews = (key: string, line: string): void => {
    if (last.get(key) === line) return;
    last.set(key, line);
    print(line);
  };
  return (worker) => {
    const { namespace = '', name } = worker.metadata;
    if (conditionsOf(worker).length > 0) printNews(`${namespace}/${name}`, announce(worker).line);
    const url = statusOf(worker)?.http.url;
    if (url !== undefined) printNews(`${namespace}/${name} http`, `✓ ${name} answers at ${url}`);
  };
}

function conditionsOf(worker: KubeObject): readonly Condition[] {
  return statusOf(worker)?.conditions ?? [];
}

function statusOf(worker: KubeObject): z.infer<typeof told>['status'] | undefined {
  const parsed = told.safeParse(worker);
  return parsed.success ? parsed.data.status : undefined;
}

function sentence(condition: Condition): string {
  return condition.message === '' ? condition.reason : condition.message;
}
