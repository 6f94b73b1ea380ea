/** What commits need of the process, and how they tell of a request. */
import type { Logger } from '../mod.ts';
import type { Clock } from '../pod/clock.ts';
import type { Pulse } from '../pod/health.ts';
import type { Identity } from '../pod/identity.ts';
import type { Elsewhere } from './elsewhere.ts';
import type { Held, InFlightTable } from './in-flight.ts';
import type { Place } from './place.ts';

/** What the committer needs of the process. */
export interface CommitContext {
  readonly place: Place;
  readonly identity: Identity;
  readonly inFlight: InFlightTable;
  readonly pulse: Pulse;
  readonly log: Logger;
  readonly clock: Clock;
  /** In a Cluster: the keys that are not the worker's own. */
  readonly elsewhere?: Elsewhere;
  /** Told the due time of every scheduled retry, milliseconds since 1970. */
  readonly onRetry: (dueMs: number) => void;
}

/** Fields of a log line. */
export function tellOf({ ref, entry }: Held, reason: string): Readonly<Record<string, string>> {
  return { ref, xid: entry.xid, reason };
}
