/** Where workers are looked at: the session of an `up` on this machine, or a cluster. */
import type { SessionView } from './endpoint.ts';
import type { KubeObject } from '../operator/cluster/cluster.ts';
import type { Failure } from './failure.ts';
import type { Beside } from './worker-page.ts';

/** The operator writes counters this often at most, conditions at once. */
export const statusFreshMs = 15_000;

/** A place that is asked again and again. */
export interface Place {
  /** As a sentence calls it: `the running session`, `the namespace demo`. */
  readonly name: string;
  /** How long to leave it alone between two questions. */
  readonly everyMs: number;
  /** Counters in the status of a worker may be as old as this. */
  readonly freshMs: number;
  /** Workers of several namespaces are asked for. */
  readonly manyNamespaces: boolean;
  /** What it tells now; undefined for a session that does not run. @throws Failure when it cannot be asked */
  view(): Promise<SessionView | undefined>;
  /** Why there is nothing to tell, when {@link view} gives nothing. */
  absence(): Promise<Failure>;
  /** What it knows of a worker beyond the object, and why of something it does not, one sentence each. */
  beside(worker: KubeObject): Promise<Beside & { readonly faults: readonly string[] }>;
  /** Has the code of a worker resolved again, once for each `wish`. @throws Failure when it may not be asked for */
  requestResolve(worker: KubeObject, wish: string): Promise<void>;
  /** What else is worth a line. */
  notes(): Promise<readonly string[]>;
  close(): Promise<void>;
}

/** The place, for `await using`. */
export function closing(place: Place): Place & AsyncDisposable {
  return { ...place, [Symbol.asyncDispose]: () => place.close() };
}
