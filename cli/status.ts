/** `redisworker status`: the workers of a running session, as `kubectl get rw` would print them. */
import { setTimeout as delay } from 'node:timers/promises';
import { stringify } from 'yaml';
import type { KubeObject } from '../operator/cluster/cluster.ts';
import { announce } from './announce.ts';
import { fetchSession, type SessionView } from './endpoint.ts';
import { Failure } from './failure.ts';
import type { Io } from './io.ts';
import { program } from './program.ts';
import { sessionFiles, sessionNames } from './session-files.ts';
import { defaultSession } from './session-name.ts';
import { type Column, renderTable } from './table.ts';
import { isNamed } from './worker-type.ts';

const watchEveryMs = 500;
const clearTerminal = '\u001b[H\u001b[J';

/** Forms of output besides the table. */
export type OutputForm = 'wide' | 'yaml' | 'json';

/** What to show of which session. */
export interface StatusOptions {
  readonly session: string;
  /** Names or types of workers; empty: all. */
  readonly names: readonly string[];
  readonly output?: OutputForm | undefined;
}

/**
 * Prints the workers once: the table, and behind it why a worker is not ready, what is wrong with the manifests and
 * which other sessions there are. The table alone goes to the standard output, so that it can be read by a program.
 * @throws Failure when no session runs, or when a name is no worker of it.
 */
export async function printStatus(options: StatusOptions, columns: readonly Column[], io: Io): Promise<void> {
  const view = await sessionView(options.session, io);
  const workers = chosenWorkers(view, options);
  const isDocument = options.output === 'json' || options.output === 'yaml';
  if (isDocument || workers.length > 0) io.out(render(workers, columns, options));
  else io.err(view.started ? 'there is no worker: the manifests name none' : 'the session is starting');
  if (isDocument) return;
  for (const line of [...reasons(workers), ...view.problems, ...await otherSessions(options.session, io)]) io.err(line);
}

/**
 * Shows the table, with the reasons below it, until `stop` settles: drawn anew on a terminal, printed again whenever
 * more than an age changed elsewhere.
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
    const view = await sessionView(options.session, io);
    const workers = chosenWorkers(view, options);
    const draw = (shown: readonly Column[]): string =>
      [render(workers, shown, options), ...reasons(workers), ...view.problems].join('\n');
    const now = draw(timeless);
    if (!io.terminal && now === last) continue;
    last = now;
    io.out((io.terminal ? clearTerminal : '') + draw(columns));
  }
}

async function sessionView(name: string, io: Io): Promise<SessionView> {
  const view = await fetchSession((await sessionFiles(name, io.environment)).socket);
  if (view !== undefined) return view;
  const others = await otherSessions(name, io);
  const wanted = name === defaultSession ? '' : ` under the name "${name}"`;
  throw new Failure(
    others.length > 0
      ? `no "${program} up" is running${wanted}; ${others.join('')}`
      : `no "${program} up" is running${wanted}: start one in another terminal, for example "${program} up examples/demo-worker.yaml"; in a cluster use "kubectl get redisworkers"`,
  );
}

/** One line that names the sessions beside this one, when there are any. */
async function otherSessions(session: string, io: Io): Promise<readonly string[]> {
  const names = (await sessionNames(io.environment)).filter((name) => name !== session);
  const living = await Promise.all(names.map(async (name) => {
    const { socket } = await sessionFiles(name, io.environment);
    return await fetchSession(socket, 500).then((view) => view !== undefined, () => true) ? [name] : [];
  }));
  return living.flat().length === 0 ? [] : [`other sessions, shown by --name: ${living.flat().join(', ')}`];
}

function chosenWorkers({ items }: SessionView, { names }: StatusOptions): readonly KubeObject[] {
  const unknown = names.find((name) => !items.some((worker) => isNamed(worker, name)));
  if (unknown !== undefined) {
    const known = items.map(({ metadata }) => metadata.name).join(', ') || 'none';
    throw new Failure(`there is no worker "${unknown}" in the running session; it has: ${known}`);
  }
  return names.length === 0 ? items : items.filter((worker) => names.some((name) => isNamed(worker, name)));
}

/** Why workers are not ready, one line each. */
function reasons(workers: readonly KubeObject[]): readonly string[] {
  return workers.map(announce).filter(({ standing }) => standing !== 'ready').map(({ line }) => line);
}

function render(workers: readonly KubeObject[], columns: readonly Column[], options: StatusOptions): string {
  if (options.output === 'json') return JSON.stringify(asDocument(workers, options), null, 2);
  if (options.output === 'yaml') return stringify(asDocument(workers, options), { lineWidth: 0 }).trimEnd();
  return renderTable(workers, columns, { wide: options.output === 'wide', now: Date.now() }).join('\n');
}

function asDocument(workers: readonly KubeObject[], { names }: StatusOptions): unknown {
  return names.length === 1 && workers.length === 1 ? workers[0] : { apiVersion: 'v1', kind: 'List', items: workers };
}
