/** Where the requests of a worker are kept. */

/** Keys of the streams a worker takes its requests from, answers on, and leaves those in that nobody could finish. */
export interface WorkerStreams {
  readonly requestStream: string;
  readonly responseStream: string;
  readonly deadLetterStream: string;
  /** Sorted set of requests that wait for their next attempt. */
  readonly retrySchedule: string;
}
