/** What outlives a session. */
import type { Clock } from '../pod/clock.ts';
import type { Pulse } from '../pod/health.ts';
import type { Identity } from '../pod/identity.ts';
import type { Logger } from '../pod/log.ts';
import type { Engines } from './engines.ts';
import type { Hands } from './hands.ts';
import type { Place } from './place.ts';

/** Everything one session hands to the next. */
export interface LoopContext {
  readonly place: Place;
  readonly identity: Identity;
  readonly hands: Hands;
  readonly engines: Engines;
  readonly pulse: Pulse;
  readonly log: Logger;
  readonly clock: Clock;
  /** Begins what waits, as far as there are engines. */
  dispatch(): void;
  /** Why the process has to end, once all that can be told is told. */
  fatal(): Error | undefined;
}
