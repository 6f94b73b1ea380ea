/** The RedisWorker type as the rest of the operator sees it: parsed, complete, defaults filled in. */
import type { z } from 'zod';
import { openApiSchema } from './crd.ts';
import { unknownFields } from './unknown-fields.ts';
import { type JsonValue, withoutNulls } from './json.ts';
import { sentencesOf } from './sentences.ts';
import { type metadata, redisWorker, type spec, typeNeverChanges } from './schema.ts';
import { handler as handlerFields, stream as streamFields } from './fields/stream.ts';
import { type condition, type conditionTypes, type consumerStatus, status } from './fields/status.ts';

type GivenSpec = z.output<typeof spec>;

/** A spec with every default, those that follow from the name and the type included. */
export interface RedisWorkerSpec extends GivenSpec {
  /** The effective worker type. */
  type: string;
  /** The module; of a runtime that has none, one that does nothing. */
  source: NonNullable<GivenSpec['source']>;
  stream: NonNullable<GivenSpec['stream']>;
  handler: NonNullable<GivenSpec['handler']>;
}

export type RedisWorkerStatus = z.output<typeof status>;
export type RedisWorkerMetadata = z.output<typeof metadata>;
export type Condition = z.output<typeof condition>;
export type ConditionType = (typeof conditionTypes)[number];
/** A row of `status.consumers`. */
export type ConsumerStatus = z.output<typeof consumerStatus>;

/** One worker, trusted. */
export type RedisWorker = {
  apiVersion: string;
  kind: string;
  metadata: RedisWorkerMetadata;
  spec: RedisWorkerSpec;
  status?: RedisWorkerStatus;
};

/** A worker, or what is wrong with it: one sentence per problem, each with the path of the field. */
export type ParsedRedisWorker = { readonly ok: true; readonly worker: RedisWorker } | {
  readonly ok: false;
  readonly problems: string[];
};

/**
 * Parses an object of kind RedisWorker, fills in defaults and checks the rules the API server checks.
 * Fields it does not know are dropped, as the API server does; a status it cannot read counts as none.
 */
export function parseRedisWorker(object: unknown): ParsedRedisWorker {
  const given = withoutNulls(object as JsonValue);
  const parsed = redisWorker.safeParse(given);
  if (!parsed.success) return { ok: false, problems: sentencesOf(parsed.error, given) };
  const seen = readStatus(given as { status?: unknown });
  const worker = { ...parsed.data, spec: resolved(parsed.data.spec, parsed.data.metadata.name) };
  return { ok: true, worker: seen === undefined ? worker : { ...worker, status: seen } };
}

/** The status of an object; undefined when it has none, or one that cannot be read. */
export function readStatus({ status: given }: { readonly status?: unknown }): RedisWorkerStatus | undefined {
  const seen = status.safeParse(given);
  return seen.success ? seen.data : undefined;
}

/**
 * What `kubectl apply` would say of a manifest: fields that do not exist, then what the parse says, then what may not
 * change. For objects that come from a file and never see an API server. Empty when the manifest is fine.
 * @param previous what the manifest takes the place of, when there is something
 */
export function manifestProblems(object: unknown, previous?: unknown): string[] {
  const parsed = parseRedisWorker(object);
  const problems = [...unknownFields(openApiSchema(), object as JsonValue), ...(parsed.ok ? [] : parsed.problems)];
  if (!parsed.ok || previous === undefined) return problems;
  const before = parseRedisWorker(previous);
  const { message, field, holds } = typeNeverChanges;
  const stands = !before.ok || holds(parsed.worker, before.worker);
  return stands ? problems : [...problems, `${field.join('.')}: "${parsed.worker.spec.type}": ${message}.`];
}

/** What the source ConfigMap of a runtime holds that runs no module. */
const noModule = '// This runtime runs no module of its own.\n';

/**
 * Adds the defaults the CRD does not state: the type, which follows from the name, and parts not every worker has. The
 * keys of the streams follow from the Redis as well, which may be the operator's.
 */
function resolved(given: GivenSpec, name: string): RedisWorkerSpec {
  return {
    ...given,
    type: given.type ?? name,
    source: given.source ?? { inline: noModule, keep: 0 },
    stream: given.stream ?? streamFields.parse({}),
    handler: given.handler ?? handlerFields.parse({}),
  };
}
