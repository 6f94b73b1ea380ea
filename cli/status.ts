/** `redisworker status`: the workers of a running session, as `kubectl get rw` would print them. */
import { setTimeout as delay } from 'node:timers/promises';
import { stringify } from 'yaml';
import type { KubeObject } from '../operator/cluster/cluster.ts';
import { fetchWorkers } from './endpoint.ts';
import { Failure } from './failure.ts';
import type { Io } from './io.ts';
import { sessionFiles } from './session-files.ts';
import { type Column, renderTable } from './table.ts';
import { workerType } from './worker-type.ts';

const watchEveryMs = 500;
const clearTerminal = '\u001b[H\u001b[J';

/** Forms of output besides the table. */
export const outputForms = ['wide', 'yaml', 'json'] as const;
export type OutputForm = (typeof outputForms)[number];

/** What to show of which session. */
export interface StatusOptions {
  readonly session: string;
  /** Names or types of workers; empty: all. */
  readonly names: readonly string[];
  readonly output?: OutputForm | undefined;
}

/**
 * Prints the workers once.
 * @throws Failure when no session runs, or when a name is no worker of it.
 */
export async function printStatus(options: StatusOptions, columns: readonly Column[], io: Io): Promise<void> {
  const workers = await chosenWorkers(options, io);
  if (workers.length === 0 && options.output !== 'json' && options.output !== 'yaml') {
    io.err('there is no worker: the manifests given to "redisworker up" name none');
  } else {
    io.out(render(workers, columns, options));
  }
}

/**
 * Shows the table until `stop` settles: drawn anew on a terminal, printed again whenever more than
 * an age changed elsewhere.
 * @throws Failure as {@link printStatus}, also when the session ends meanwhile.
 */
export async function watchStatus(
  options: StatusOptions,
  columns: readonly Column[],
  io: Io,
  stop: Promise<void>,
): Promise<void> {
  const stopped = stop.then(() => true);
  const timeless = columns.filter(({ type }) => type !== 'date');
  for (let over = false, last = ''; !over; over = await Promise.race([stopped, delay(watchEveryMs, false)])) {
    const workers = await chosenWorkers(options, io);
    const now = render(workers, timeless, options);
    if (!io.terminal && now === last) continue;
    last = now;
    io.out((io.terminal ? clearTerminal : '') + render(workers, columns, options));
  }
}

/**
 * The workers of the session `name`.
 * @throws Failure when it does not run.
 */
export async function sessionWorkers(name: string, io: Io): Promise<readonly KubeObject[]> {
  const workers = await fetchWorkers((await sessionFiles(name, io.environment)).socket);
  if (workers !== undefined) return workers;
  throw new Failure(
    'no "redisworker up" is running: start one in another terminal, for example "redisworker up examples/demo-worker.yaml"; in a cluster use "kubectl get redisworkers"',
  );
}

async function chosenWorkers({ session, names }: StatusOptions, io: Io): Promise<readonly KubeObject[]> {
  const workers = await sessionWorkers(session, io);
  const isNamed = (worker: KubeObject, name: string): boolean =>
    worker.metadata.name === name || workerType(worker) === name;
  const unknown = names.find((name) => !workers.some((worker) => isNamed(worker, name)));
  if (unknown !== undefined) {
    const known = workers.map(({ metadata }) => metadata.name).join(', ') || 'none';
    throw new Failure(`there is no worker "${unknown}" in the running session; it has: ${known}`);
  }
  return names.length === 0 ? workers : workers.filter((worker) => names.some((name) => isNamed(worker, name)));
}

function render(workers: readonly KubeObject[], columns: readonly Column[], options: StatusOptions): string {
  if (options.output === 'json') return JSON.stringify(asDocument(workers, options), null, 2);
  if (options.output === 'yaml') return stringify(asDocument(workers, options), { lineWidth: 0 }).trimEnd();
  return renderTable(workers, columns, { wide: options.output === 'wide', now: Date.now() }).join('\n');
}

function asDocument(workers: readonly KubeObject[], { names }: StatusOptions): unknown {
  return names.length === 1 && workers.length === 1 ? workers[0] : { apiVersion: 'v1', kind: 'List', items: workers };
}
