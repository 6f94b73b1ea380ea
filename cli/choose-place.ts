/** Which place the words of a command mean. */
import type { ClusterAccess } from './access-words.ts';
import { exitCodes, Failure } from './failure.ts';
import type { Io } from './io.ts';
import type { Place } from './place.ts';
import { sessionPlace } from './session-place.ts';

/** The words that choose a place. */
export interface PlaceWords extends ClusterAccess {
  /** The session; the usual one unless `sessionNamed`. */
  readonly session: string;
  readonly sessionNamed?: boolean;
  readonly namespace?: string | undefined;
  readonly allNamespaces?: true | undefined;
}

/**
 * The cluster when one of its words is given, and in a pod where no session runs; else the session.
 * @throws Failure (usage) for words of both, Failure when no cluster is configured
 */
export async function openPlace(words: PlaceWords, io: Io): Promise<Place> {
  if (!await isClusterMeant(words, io)) return await sessionPlace(words.session, io);
  return (await import('./cluster-place.ts')).openClusterPlace(words);
}

/** @throws Failure (usage) for words of both */
export async function isClusterMeant(words: PlaceWords, io: Io): Promise<boolean> {
  const { session, sessionNamed = false, kubeconfig, context, namespace, allNamespaces } = words;
  const clusterNamed = [kubeconfig, context, namespace, allNamespaces].some((word) => word !== undefined);
  if (clusterNamed && sessionNamed) {
    throw new Failure('--name is of a session on this machine: leave it out to look into a cluster', exitCodes.usage);
  }
  if (namespace !== undefined && allNamespaces) {
    throw new Failure('name one namespace with --namespace, or all with --all-namespaces', exitCodes.usage);
  }
  return clusterNamed || (io.environment.inPod === true && !sessionNamed && !await isRunning(session, io));
}

/** A pod may have no folder for sessions. */
async function isRunning(session: string, io: Io): Promise<boolean> {
  try {
    return await (await sessionPlace(session, io)).view() !== undefined;
  } catch {
    return false;
  }
}
