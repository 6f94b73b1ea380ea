/** Where a process works: its config hash, the queue, its own list of what it has taken, the streams. */
import type { WorkerConfig } from '../../contract/config-hash.ts';
import type { TaskSettings } from '../../contract/pod.ts';
import { takenTasksKey, taskRecordKey } from '../../contract/tasks.ts';

/** All keys of a process, and what it is told about tasks. */
export interface Place extends WorkerConfig {
  readonly hashKey: string;
  readonly taken: string;
  readonly record: string;
  readonly tasks: TaskSettings;
}

/** The place of a consumer. */
export function placeOf(config: WorkerConfig, hashKey: string, tasks: TaskSettings): Place {
  const { queue } = tasks;
  return { ...config, hashKey, tasks, taken: takenTasksKey(queue, config.consumerId), record: taskRecordKey(queue) };
}
