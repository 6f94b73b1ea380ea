/** What outlives a session. */
import type { Logger } from '../mod.ts';
import type { Clock } from '../pod/clock.ts';
import type { Pulse } from '../pod/health.ts';
import type { Identity } from '../pod/identity.ts';
import type { Connection } from '../redis/connection.ts';
import type { Elsewhere } from './elsewhere.ts';
import type { Executor } from './executor.ts';
import type { InFlightTable } from './in-flight.ts';
import type { Place } from './place.ts';

/** Everything one session hands to the next. */
export interface SessionContext {
  readonly place: Place;
  readonly identity: Identity;
  readonly inFlight: InFlightTable;
  readonly executor: Executor;
  readonly pulse: Pulse;
  readonly log: Logger;
  readonly clock: Clock;
  /** Done every second beside the requests, for runtimes that have something to do there. */
  beside?(connection: Connection): Promise<void>;
  /** In a Cluster: the keys that are not the worker's own. */
  readonly elsewhere?: Elsewhere;
  /** Percent by ref, told by handlers and not yet written. */
  readonly progress: Map<string, number>;
}
