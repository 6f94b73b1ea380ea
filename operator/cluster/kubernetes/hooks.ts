/** What this folder tells the outside: log lines and measurements. */
import type { ClusterError } from '../cluster.ts';

/** The part of a logger that is used here; pino's fits. */
export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Measurements, all optional. None of them may throw. */
export interface Hooks {
  /** A call has ended; `status` is 0 when no answer came. */
  requestDone?(request: { readonly method: string; readonly status: number; readonly milliseconds: number }): void;
  /** A kind, or an object of it, begins to be followed. */
  watched?(kind: string): void;
  /** A kind is listed or watched anew; `cause` is one CamelCase word such as `Expired`, `Silent`, `Forbidden`. */
  watchRestarted?(kind: string, cause: string): void;
  /** The live copy of a kind falls behind because of `problem`; undefined: it is up to date again. */
  watchProblem?(kind: string, problem: ClusterError | undefined): void;
  /** So many events were given up, because later ones had to be written. */
  eventsDropped?(count: number): void;
}
