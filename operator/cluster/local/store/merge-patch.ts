/** JSON merge patch (RFC 7386). */
import { isJsonObject, type JsonObject } from './objects.ts';

/** The target with the patch merged in: null removes a field, lists and scalars are replaced. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isJsonObject(patch)) return patch;
  const result: JsonObject = isJsonObject(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) Reflect.deleteProperty(result, key);
    else result[key] = mergePatch(result[key], value);
  }
  return result;
}
