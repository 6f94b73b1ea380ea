/** `redisworker status`: the workers of a running session or of a cluster, as `kubectl get rw` prints them. */
import { setTimeout as delay } from 'node:timers/promises';
import type { KubeObject } from '../operator/cluster/cluster.ts';
import { announce } from './announce.ts';
import type { SessionView } from './endpoint.ts';
import { Failure } from './failure.ts';
import type { Io } from './io.ts';
import { openPlace, type PlaceWords } from './choose-place.ts';
import { closing, type Place } from './place.ts';
import { pageOf } from './worker-page.ts';
import { type Column, renderTable } from './table.ts';
import { isNamed } from './worker-type.ts';

const watchEveryMs = 500;
const clearTerminal = '\u001b[H\u001b[J';

/** Forms of output besides the table. */
export type OutputForm = 'wide' | 'yaml' | 'json';

/** What to show, and of which place. */
export interface StatusOptions extends PlaceWords {
  /** Names or types of workers; empty: all. */
  readonly names: readonly string[];
  readonly output?: OutputForm | undefined;
}

/**
 * Prints the workers once: the one that is named in depth, several as a table, and behind it why a worker is not
 * ready, what is wrong with the manifests and which other sessions there are. What was asked for alone goes to the
 * standard output.
 * @throws Failure when the place cannot be asked, or when a name is no worker of it.
 */
export async function printStatus(options: StatusOptions, columns: readonly Column[], io: Io): Promise<void> {
  await using place = closing(await openPlace(options, io));
  const view = await viewOf(place);
  const workers = chosenWorkers(view, options.names, place);
  const isPage = options.names.length === 1 && options.output === undefined;
  if (isPage) {
    await printPages(workers, view, place, io);
    return;
  }
  const isDocument = options.output === 'json' || options.output === 'yaml';
  if (isDocument || workers.length > 0) io.out(await render(workers, columns, options, place));
  else io.err(view.started ? `there is no worker in ${place.name}` : 'the session is starting');
  if (isDocument) return;
  for (const line of [...reasons(workers), ...view.problems, ...await place.notes()]) io.err(line);
}

/** A type may be served in several namespaces. */
async function printPages(
  workers: readonly KubeObject[],
  { problems }: SessionView,
  place: Place,
  io: Io,
): Promise<void> {
  const known = await Promise.all(workers.map(async (worker) => ({ worker, ...await place.beside(worker) })));
  io.out(known.map(({ worker, ...beside }) => pageOf(worker, beside, Date.now()).join('\n')).join('\n\n'));
  for (const line of [...known.flatMap(({ faults }) => faults), ...problems]) io.err(line);
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
  await using place = closing(await openPlace(options, io));
  const everyMs = Math.max(watchEveryMs, place.everyMs);
  for (let over = false, last = ''; !over; over = await Promise.race([stopped, delay(everyMs, false)])) {
    const view = await viewOf(place);
    const workers = chosenWorkers(view, options.names, place);
    const draw = async (shown: readonly Column[]): Promise<string> =>
      [await render(workers, shown, options, place), ...reasons(workers), ...view.problems].join('\n');
    const now = await draw(timeless);
    if (!io.terminal && now === last) continue;
    last = now;
    io.out((io.terminal ? clearTerminal : '') + await draw(columns));
  }
}

/** What a place tells now. @throws Failure when it does not */
export async function viewOf(place: Place): Promise<SessionView> {
  return await place.view() ?? Promise.reject(await place.absence());
}

/** The workers of these names or types; all without names. @throws Failure for one that is not there */
export function chosenWorkers({ items }: SessionView, names: readonly string[], place: Place): readonly KubeObject[] {
  const unknown = names.find((name) => !items.some((worker) => isNamed(worker, name)));
  if (unknown !== undefined) {
    const known = items.map(({ metadata }) => metadata.name).join(', ') || 'none';
    throw new Failure(`there is no worker "${unknown}" in ${place.name}; it has: ${known}`);
  }
  return names.length === 0 ? items : items.filter((worker) => names.some((name) => isNamed(worker, name)));
}

/** Why workers are not ready, one line each. */
function reasons(workers: readonly KubeObject[]): readonly string[] {
  return workers.map(announce).filter(({ standing }) => standing !== 'ready').map(({ line }) => line);
}

/** What makes YAML is read for that form alone. */
async function render(
  workers: readonly KubeObject[],
  columns: readonly Column[],
  options: StatusOptions,
  { manyNamespaces }: Place,
): Promise<string> {
  const { output } = options;
  if (output === 'json') return JSON.stringify(asDocument(workers, options), null, 2);
  if (output === 'yaml') {
    return (await import('yaml')).stringify(asDocument(workers, options), { lineWidth: 0 }).trimEnd();
  }
  return renderTable(workers, columns, { wide: output === 'wide', now: Date.now(), manyNamespaces }).join('\n');
}

function asDocument(workers: readonly KubeObject[], { names }: StatusOptions): unknown {
  return names.length === 1 && workers.length === 1 ? workers[0] : { apiVersion: 'v1', kind: 'List', items: workers };
}
