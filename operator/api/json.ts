/** JSON as it comes from outside. */

export type JsonValue = null | boolean | number | string | JsonValue[] | { [field: string]: JsonValue };

/** The value without object fields that are null: the API server prunes them before it fills in defaults. */
export function withoutNulls(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([field, inner]) => (inner === null ? [] : [[field, withoutNulls(inner)]])),
  );
}

/** The value at a path, or undefined. */
export function valueAt(value: JsonValue | undefined, path: readonly PropertyKey[]): JsonValue | undefined {
  return path.reduce<JsonValue | undefined>((at, step) => {
    if (Array.isArray(at)) return at[Number(step)];
    return typeof at === 'object' && at !== null && Object.hasOwn(at, step) ? at[String(step)] : undefined;
  }, value);
}
