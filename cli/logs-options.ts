/** What `redisworker logs` is asked for. */
import type { PlaceWords } from './choose-place.ts';

/** Which lines, and where. */
export interface LogsOptions extends PlaceWords {
  /** Name or type of the worker. */
  readonly name: string;
  /** Only what is about this request. */
  readonly ref: string | undefined;
  readonly consumer: string | undefined;
  readonly follow: boolean;
}
