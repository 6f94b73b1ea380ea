/**
 * A list of tasks: ids in a list, what each is about in a hash of its own. Dispatchers push an id and look into the hash
 * until it says what became of the task.
 */

/** The list a dispatcher pushes ids to, unless the manifest names another. */
export function taskQueueKey(circlePublicKey: string): string {
  return `rhai_tasks:${circlePublicKey}`;
}

/** What the hash of a task begins with, unless the manifest names something else; the id follows. */
export const defaultTaskDetails = 'rhai_task_details:';

/** The list of what a consumer has taken and not finished. */
export function takenTasksKey(queue: string, consumerId: string): string {
  return `${queue}:${consumerId}:taken`;
}

/**
 * Hash that tells whose a queue is: field `resource`, the manifest, and a field for each consumer that ever took something
 * from it and has not been taken leave of.
 */
export function taskRecordKey(queue: string): string {
  return `${queue}:g`;
}

/** Field of the record that names a consumer. */
export function taskConsumerField(consumerId: string): string {
  return `consumer:${consumerId}`;
}

/** The consumers a record names. */
export function taskConsumers(fields: Readonly<Record<string, string>>): string[] {
  const prefix = taskConsumerField('');
  return Object.keys(fields).filter((field) => field.startsWith(prefix)).map((field) => field.slice(prefix.length));
}

/** What a task's hash says of it; the first two are the dispatcher's. */
export const taskFields = {
  script: 'script',
  caller: 'callerId',
  status: 'status',
  output: 'output',
  error: 'error',
} as const;

/** Names of these fields; those of a dispatcher may be others. */
export type TaskFields = Readonly<Record<keyof typeof taskFields, string>>;

/** Fields the worker writes beside them. */
export const taskBookkeeping = {
  /** When the status was last written, in seconds since 1970. */
  updated: 'updatedAt',
  /** Processes that were given the task and died of it, or with it. */
  deliveries: 'deliveries',
  /** How far the script is, in percent, as it told itself. */
  progress: 'progress',
} as const;

/** What becomes of a task: pushed, taken by a worker, and one of two ends. */
export const taskStatus = {
  pending: 'pending',
  processing: 'processing',
  completed: 'completed',
  error: 'error',
} as const;

/** What scripts are held to unless the manifest says otherwise. */
export const taskDefaults = { maxOperations: 100_000_000, maxMemoryMiB: 32, maxCallLevels: 64 } as const;
