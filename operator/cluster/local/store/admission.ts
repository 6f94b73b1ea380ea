/** What the store checks and completes before it takes an object in, as an API server does. Pure. */
import { ClusterError, type KubeObject, type Resource, resources } from '../../cluster.ts';
import { describe, isJsonObject, type JsonObject, refTo, sameJson } from './objects.ts';

const known: ReadonlyMap<string, Resource> = new Map(
  Object.values(resources).map((resource) => [resource.kind, resource]),
);

/**
 * The object as the wire would carry it: undefined and null fields gone, `stringData` of a Secret in `data`.
 * @throws ClusterError `BadRequest` without a name, or without the namespace its kind asks for
 */
export function admit(object: KubeObject): KubeObject {
  const wire = JSON.parse(JSON.stringify(object), function (this: unknown, _key, value: unknown) {
    return value === null && !Array.isArray(this) ? undefined : value;
  }) as KubeObject;
  const { name, namespace } = wire.metadata;
  if (!name) {
    throw new ClusterError(
      400,
      'BadRequest',
      `A ${wire.kind} without metadata.name cannot be written; give it a name.`,
    );
  }
  if (known.get(wire.kind)?.namespaced === true && !namespace) {
    throw new ClusterError(
      400,
      'BadRequest',
      `${wire.kind} ${name} needs metadata.namespace; its kind lives in namespaces.`,
    );
  }
  return withoutStringData(wire);
}

function withoutStringData(object: KubeObject): KubeObject {
  const { stringData, ...rest } = object;
  if (object.kind !== 'Secret' || !isJsonObject(stringData)) return object;
  const encoded = Object.entries(stringData).map((
    [key, value],
  ) => [key, Buffer.from(String(value)).toString('base64')]);
  return { ...rest, data: { ...(rest.data as JsonObject | undefined), ...Object.fromEntries(encoded) } };
}

/** @throws ClusterError `Invalid` when a ConfigMap or Secret marked immutable would get other data */
export function checkImmutable(live: KubeObject, next: KubeObject): void {
  if (live['immutable'] !== true || (sameJson(live.data, next.data) && next['immutable'] === true)) return;
  throw new ClusterError(
    422,
    'Invalid',
    `${describe(live.kind, refTo(live))} is immutable; create one under another name.`,
  );
}
