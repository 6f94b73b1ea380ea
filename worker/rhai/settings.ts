/** What the pod tells the Rhai runtime beside what it tells every one: the queue, and how scripts are run. */
import { env, type TaskSettings } from '../../contract/pod.ts';
import { type TaskFields, taskFields } from '../../contract/tasks.ts';
import { checked, parsePodSettings, type PodSettings, type ReadEnv, required } from '../pod/settings.ts';

/** Everything this runtime knows before it has spoken to Redis. */
export interface Settings extends PodSettings {
  /** Path of the prelude; undefined when there is none. */
  readonly prelude: string | undefined;
  readonly tasks: TaskSettings;
}

/**
 * The settings; pure but for `readFile`.
 * @throws FatalError naming the variable that is missing or wrong.
 */
export function parseSettings(args: readonly string[], readEnv: ReadEnv, readFile: (path: string) => string): Settings {
  const pod = parsePodSettings(args, readEnv, readFile);
  const tasks = checked(env.settings, required(env.settings, readEnv), parseTaskSettings);
  return { ...pod, tasks, prelude: tasks.prelude ? required(env.source, readEnv) : undefined };
}

/**
 * Parses the JSON of {@link TaskSettings}.
 * @throws Error naming the setting that is wrong.
 */
export function parseTaskSettings(json: string): TaskSettings {
  const given = JSON.parse(json) as Record<string, unknown>;
  if (typeof given !== 'object' || given === null) throw new Error('it must be a JSON object');
  return {
    circlePublicKey: word(given, 'circlePublicKey'),
    queue: word(given, 'queue'),
    details: word(given, 'details'),
    fields: fieldsIn((given['fields'] ?? {}) as Record<string, unknown>),
    concurrency: count(given, 'concurrency'),
    timeoutSeconds: count(given, 'timeoutSeconds'),
    maxOperations: count(given, 'maxOperations'),
    maxMemoryMiB: count(given, 'maxMemoryMiB'),
    maxCallLevels: count(given, 'maxCallLevels'),
    keepSeconds: count(given, 'keepSeconds', 0),
    maxDeliveries: count(given, 'maxDeliveries'),
    deadLetterStream: word(given, 'deadLetterStream'),
    redisKeys: ((given['redisKeys'] ?? []) as unknown[]).map(String),
    http: given['http'] === true,
    progress: given['progress'] === true,
    prelude: given['prelude'] === true,
    graceSeconds: count(given, 'graceSeconds'),
  };
}

function fieldsIn(given: Record<string, unknown>): TaskFields {
  const names = Object.keys(taskFields) as (keyof TaskFields)[];
  return Object.fromEntries(
    names.map((name) => [name, word({ ...taskFields, ...given }, name)]),
  ) as unknown as TaskFields;
}

function word(given: Record<string, unknown>, name: string): string {
  const value = given[name];
  if (typeof value !== 'string' || value === '') throw new Error(`"${name}" must be a text`);
  return value;
}

function count(given: Record<string, unknown>, name: string, least = 1): number {
  const value = given[name];
  if (!Number.isSafeInteger(value) || (value as number) < least) {
    throw new Error(`"${name}" must be a whole number from ${least}`);
  }
  return value as number;
}
