/** Small pure helpers on JSON objects, their identity and their patches. */
import { isDeepStrictEqual } from 'node:util';
import { ClusterError, keyOf, type KubeObject, type ObjectRef } from '../../cluster.ts';

/** A JSON object, as opposed to a list or a scalar. */
export type JsonObject = Record<string, unknown>;

/** True for JSON objects; false for null, lists and scalars. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** True when both values carry the same JSON, whatever the order of keys. */
export function sameJson(one: unknown, other: unknown): boolean {
  return isDeepStrictEqual(one, other);
}

/** Freezes a value and all in it, so that nobody changes a live copy by mistake. */
export function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) deepFreeze(inner);
  }
  return value;
}

/** Name and namespace of an object. */
export function refTo(object: KubeObject): ObjectRef {
  const { name, namespace } = object.metadata;
  return namespace === undefined ? { name } : { namespace, name };
}

/** `apiVersion/kind` of an object or a resource: objects of one kind share it. */
export function kindKey(of: { readonly apiVersion: string; readonly kind: string }): string {
  return `${of.apiVersion}/${of.kind}`;
}

/** The words people use for an object in a message: `Pod default/w-1`. */
export function describe(kind: string, ref: ObjectRef): string {
  return `${kind} ${keyOf(ref)}`;
}

/** The error for an object that is not there. */
export function notFound(kind: string, ref: ObjectRef): ClusterError {
  return new ClusterError(404, 'NotFound', `${describe(kind, ref)} was not found.`);
}

/** The error for a write whose precondition does not hold any more. */
export function conflict(kind: string, ref: ObjectRef, detail: string): ClusterError {
  return new ClusterError(409, 'Conflict', `${describe(kind, ref)} ${detail}; read it again, then repeat the write.`);
}

/** The target with a JSON merge patch (RFC 7386) merged in: null removes a field, lists and scalars are replaced. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isJsonObject(patch)) return patch;
  const result: JsonObject = isJsonObject(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) Reflect.deleteProperty(result, key);
    else result[key] = mergePatch(result[key], value);
  }
  return result;
}
