/** What `redisworker logs` is asked for. */
import type { PlaceWords } from './choose-place.ts';

/** Which lines, and where. */
export interface LogsOptions extends PlaceWords {
  /** Name or type of the worker. */
  readonly name: string;
  /** Only what is about this request. */
  readonly ref: string | undefined;
  /** Only what a script of a HATS cluster has to do with: \`Threads:shout.js\`, or its name alone. */
  readonly script?: string;
  readonly consumer: string | undefined;
  readonly follow: boolean;
}
