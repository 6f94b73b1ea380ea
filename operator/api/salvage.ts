/** What can still be made out of a worker whose spec cannot be read: enough to clean up after it. */
import { parseRedisWorker, type RedisWorker } from './redisworker.ts';

/** A worker as the API server gives it. */
interface Whole {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: object;
  readonly spec?: unknown;
}

/** Fields that say what a worker has left behind in Redis, and where; some mean something only together. */
const telling = [['type'], ['runtime'], ['runtime', 'tasks'], ['runtime', 'modules'], ['redis'], ['stream'], [
  'deletionPolicy',
]];

/** The worker with those of its telling fields that can be read, each by itself; undefined when not even its type can. */
export function salvaged(object: Whole): RedisWorker | undefined {
  const given = (object.spec ?? {}) as Readonly<Record<string, unknown>>;
  const { apiVersion, kind, metadata } = object;
  const parse = (spec: object) => parseRedisWorker({ apiVersion, kind, metadata, spec });
  let spec: Record<string, unknown> = { source: { inline: 'export default () => undefined' }, consumers: { count: 0 } };
  for (const fields of telling) {
    const more = { ...spec, ...Object.fromEntries(fields.map((field) => [field, given[field]])) };
    const isThere = fields.every((field) => given[field] !== undefined);
    if (isThere && (fields[0] === 'type' || parse(more).ok)) spec = more;
  }
  const parsed = parse(spec);
  return parsed.ok ? parsed.worker : undefined;
}
