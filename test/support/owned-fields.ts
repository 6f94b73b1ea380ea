/** The part of a live object that one field manager owns. */

/** An object with its managed fields, as `kubectl get --show-managed-fields` prints it. */
export interface Managed {
  readonly metadata: { readonly managedFields?: readonly { readonly manager?: string; readonly fieldsV1?: object }[] };
}

/** What the manager has applied, with the keys that identify items of lists. */
export function ownedPart(object: Managed, manager: string): unknown {
  const entry = object.metadata.managedFields?.find((one) => one.manager === manager);
  return entry?.fieldsV1 === undefined ? undefined : part(object, entry.fieldsV1);
}

function part(value: unknown, fields: object): unknown {
  const inner = Object.entries(fields).filter(([name]) => name !== '.');
  if (inner.length === 0) return value;
  if (Array.isArray(value)) {
    return value.flatMap((item: unknown) =>
      inner.filter(([name]) => isItem(name)(item)).map(([, of]) => part(item, of as object))
    );
  }
  return Object.fromEntries(
    inner.map(([name, of]) => [name.slice(2), part((value as Record<string, unknown>)[name.slice(2)], of as object)]),
  );
}

/** `k:{"name":"worker"}` names an item by some of its fields, `v:"text"` by itself. */
function isItem(name: string): (item: unknown) => boolean {
  const wanted: unknown = JSON.parse(name.slice(2));
  if (name.startsWith('v:')) return (item) => JSON.stringify(item) === JSON.stringify(wanted);
  return (item) =>
    Object.entries(wanted as object).every(([key, value]) => (item as Record<string, unknown>)[key] === value);
}
