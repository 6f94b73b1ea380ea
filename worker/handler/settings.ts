/** What the pod tells the Handler runtime beside what it tells every one: the module, and how requests are run. */
import { deadLetterStreamKey, defaultGroup } from '../../contract/keys.ts';
import { env, type HandlerSettings } from '../../contract/pod.ts';
import { type PackedSource, readPackedSource } from '../pod/join.ts';
import { checked, parsePodSettings, type PodSettings, type ReadEnv, required } from '../pod/settings.ts';

/** Everything this runtime knows before it has spoken to Redis. */
export interface Settings extends PodSettings {
  /** Path of the user's module. */
  readonly source: string;
  /** How that module is made first; absent: it is there. */
  readonly packed?: PackedSource;
  readonly handler: HandlerSettings;
}

/**
 * The settings; pure but for `readFile`.
 * @throws FatalError naming the variable that is missing or wrong.
 */
export function parseSettings(args: readonly string[], readEnv: ReadEnv, readFile: (path: string) => string): Settings {
  const pod = parsePodSettings(args, readEnv, readFile);
  const prefix = pod.hashKey.split(':', 1)[0] ?? '';
  const packed = readPackedSource(readEnv);
  return {
    ...pod,
    source: required(env.source, readEnv),
    ...(packed ? { packed } : {}),
    handler: checked(env.settings, readEnv(env.settings) ?? '{}', (json) => parseHandlerSettings(json, prefix)),
  };
}

/**
 * Parses the JSON of {@link HandlerSettings}; what is absent gets the default of the manifest.
 * @throws Error naming the setting that is wrong.
 */
export function parseHandlerSettings(json: string, prefix: string): HandlerSettings {
  const given = JSON.parse(json) as Record<string, unknown>;
  if (typeof given !== 'object' || given === null) throw new Error('it must be a JSON object');
  const backoff = (given['backoff'] ?? {}) as Record<string, unknown>;
  return {
    group: word(given, 'group', defaultGroup),
    concurrency: count(given, 'concurrency', 16),
    timeoutSeconds: count(given, 'timeoutSeconds', 30),
    maxAttempts: count(given, 'maxAttempts', 1),
    maxDeliveries: count(given, 'maxDeliveries', 5),
    backoff: { initialMs: count(backoff, 'initialMs', 1000, 0), maxMs: count(backoff, 'maxMs', 60_000, 0) },
    deadLetterStream: word(given, 'deadLetterStream', deadLetterStreamKey(prefix)),
    traces: choice(given, 'traces', ['On', 'Off']),
    replies: choice(given, 'replies', ['Enabled', 'OnRequest', 'Disabled']),
    responses: choice(given, 'responses', ['All', 'Failures']),
    retention: choice(given, 'retention', ['Acknowledged', 'Forever']),
    memoryMiB: count(given, 'memoryMiB', 128),
    graceSeconds: count(given, 'graceSeconds', 30),
    ...(given['opensRedis'] === true ? { opensRedis: true } : {}),
    ...(given['telemetry'] === true ? { telemetry: true } : {}),
    ...(given['leaseSeconds'] === undefined ? {} : { leaseSeconds: count(given, 'leaseSeconds', 1) }),
  };
}

function word(given: Record<string, unknown>, name: string, fallback: string): string {
  const value = given[name] ?? fallback;
  if (typeof value !== 'string' || value === '') throw new Error(`"${name}" must be a text`);
  return value;
}

function count(given: Record<string, unknown>, name: string, fallback: number, least = 1): number {
  const value = given[name] ?? fallback;
  if (!Number.isSafeInteger(value) || (value as number) < least) {
    throw new Error(`"${name}" must be a whole number from ${least}`);
  }
  return value as number;
}

function choice<Value extends string>(
  given: Record<string, unknown>,
  name: string,
  values: readonly [Value, ...Value[]],
): Value {
  const value = given[name] ?? values[0];
  const known = values.find((one) => one === value);
  if (known === undefined) throw new Error(`"${name}" must be ${values.join(' or ')}`);
  return known;
}
