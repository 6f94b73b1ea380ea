/** The workers of a running `up`. */
import { type KubeObject, resources } from '../operator/cluster/cluster.ts';
import { askToResolve, fetchEvents, fetchSession } from './endpoint.ts';
import { Failure, messageOf } from './failure.ts';
import type { Io } from './io.ts';
import { type Place, statusFreshMs } from './place.ts';
import { program } from './program.ts';
import { sessionFiles, sessionNames } from './session-files.ts';
import { defaultSession } from './session-name.ts';
import { findTarget } from './target.ts';
import { workerType } from './worker-type.ts';

const everyMs = 100;

/** @throws Failure (usage) when `session` is no name */
export async function sessionPlace(session: string, io: Io): Promise<Place> {
  const { socket } = await sessionFiles(session, io.environment);
  return {
    name: 'the running session',
    everyMs,
    freshMs: statusFreshMs,
    manyNamespaces: false,
    view: () => fetchSession(socket),
    beside: (worker) => besideOf(worker, session, socket, io),
    requestResolve: ({ metadata: { namespace = 'default', name } }, wish) =>
      askToResolve(socket, { namespace, name, wish }),
    notes: () => otherSessions(session, io),
    close: () => Promise.resolve(),
    async absence() {
      const others = await otherSessions(session, io);
      const wanted = session === defaultSession ? '' : ` under the name "${session}"`;
      return new Failure(
        others.length > 0
          ? `no "${program} up" is running${wanted}; ${others.join('')}`
          : `no "${program} up" is running${wanted}: start one in another terminal, for example "${program} up worker.yaml"; for a cluster say --namespace, --all-namespaces, --kubeconfig or --context`,
      );
    },
  };
}

async function besideOf(
  worker: KubeObject,
  session: string,
  socket: string,
  io: Io,
): Promise<Awaited<ReturnType<Place['beside']>>> {
  const { name, namespace } = worker.metadata;
  const faults: string[] = [];
  const letters = async () => {
    const words = { type: workerType(worker), session, tlsFiles: undefined, keysNamed: false };
    return (await import('./newest-dead-letter.ts')).newestDeadLetter(await findTarget(words, io));
  };
  const [events = [], deadLetters] = await Promise.all([
    fetchEvents(socket),
    letters().catch((error: unknown) => void faults.push(`the dead letters are not shown: ${messageOf(error)}`)),
  ]);
  const own = events.filter(({ kind, ref }) =>
    kind === resources.redisWorkers.kind && ref.name === name && ref.namespace === namespace
  );
  return { events: own, ...(deadLetters ? { deadLetters } : {}), faults };
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
