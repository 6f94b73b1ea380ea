/** Where the requests of a worker are kept. */
import type { TaskFields } from '../../../contract/tasks.ts';

/** Keys of the streams a worker takes its requests from, answers on, and leaves those in that nobody could finish. */
export interface WorkerStreams {
  readonly requestStream: string;
  readonly responseStream: string;
  readonly deadLetterStream: string;
  /** Sorted set of requests that wait for their next attempt. */
  readonly retrySchedule: string;
  /** Of a worker that takes tasks of a list instead. */
  readonly tasks?: TaskPlace;
  /** Of a worker that runs scripts instead. */
  readonly scripts?: ScriptPlace;
}

/** Where scripts are kept. */
export interface ScriptPlace {
  /** What their keys begin with. */
  readonly cluster: string;
  /** Key of the hash that names those the pods have found. */
  readonly found: string;
}

/** Where tasks are kept. */
export interface TaskPlace {
  /** Key of the list of their ids. */
  readonly queue: string;
  /** What the key of each hash begins with; the id follows. */
  readonly details: string;
  readonly fields: TaskFields;
}
