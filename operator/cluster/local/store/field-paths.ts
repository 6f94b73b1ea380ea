/**
 * Server-side apply in small: the set of fields of an object, and how one manager's set is laid over
 * another's. Lists are atomic, but for the few the API merges item by item.
 */
import { isJsonObject, type JsonObject, sameJson } from './objects.ts';

/** One step of a path: a field, or the item of a keyed list (`key` is '' when items are scalars). */
type Step = string | { readonly key: string; readonly value: unknown };
type Path = readonly Step[];

/** A set of leaf paths, each as JSON text. */
export type FieldSet = ReadonlySet<string>;

/** The lists whose items are merged, by their path, with the field that names an item. */
const keyedLists: Readonly<Record<string, string>> = {
  'metadata.finalizers': '',
  'metadata.ownerReferences': 'uid',
  'status.conditions': 'type',
};

/** Every leaf of a value: scalars, atomic lists, empty objects. */
export function fieldsOf(value: unknown): FieldSet {
  return new Set(leaves(value, []).map((path) => JSON.stringify(path)));
}

function leaves(value: unknown, path: Path): Path[] {
  const children = childrenOf(value, path);
  return children === undefined || children.length === 0
    ? [path]
    : children.flatMap(([step, child]) => leaves(child, [...path, step]));
}

/** Live with `applied` laid over it, field by field. */
export function overlay(live: unknown, applied: unknown, path: Path = []): unknown {
  const children = childrenOf(applied, path);
  if (children === undefined) return applied;
  if (Array.isArray(applied)) return overlayList(Array.isArray(live) ? live : [], children, path);
  const result: JsonObject = isJsonObject(live) ? { ...live } : {};
  for (const [step, child] of children) {
    result[step as string] = overlay(result[step as string], child, [...path, step]);
  }
  return result;
}

function overlayList(live: readonly unknown[], children: readonly [Step, unknown][], path: Path): unknown[] {
  const result = [...live];
  for (const [step, child] of children) {
    const index = result.findIndex((item) => isItem(item, step));
    result[index < 0 ? result.length : index] = overlay(index < 0 ? undefined : result[index], child, [...path, step]);
  }
  return result;
}

/** The value without the given leaves; what became empty by that goes too. */
export function without(value: unknown, gone: FieldSet): unknown {
  const paths = [...gone].map((path) => JSON.parse(path) as Path);
  // The field that names an item goes last: without it the rest of the item could not be found any more.
  const inOrder = [...paths.filter((path) => !namesItem(path)), ...paths.filter(namesItem)];
  return inOrder.reduce(removeAt, value);
}

function namesItem(path: Path): boolean {
  const item = path.at(-2);
  return typeof item === 'object' && item.key !== '' && item.key === path.at(-1);
}

function removeAt(value: unknown, [step, ...rest]: Path): unknown {
  if (step === undefined) return undefined;
  const child = at(value, [step]);
  if (child === undefined) return value;
  const next = removeAt(child, rest);
  if (Array.isArray(value)) {
    return prune(value.flatMap((item: unknown) => (isItem(item, step) ? (next === undefined ? [] : [next]) : [item])));
  }
  const result: JsonObject = { ...(value as JsonObject) };
  if (next === undefined) Reflect.deleteProperty(result, step as string);
  else result[step as string] = next;
  return prune(result);
}

function prune(value: unknown[] | JsonObject): unknown {
  return Object.keys(value).length === 0 ? undefined : value;
}

/** The leaves of a set that carry the same value in both objects. */
export function unchanged(fields: FieldSet, before: unknown, after: unknown): FieldSet {
  return new Set([...fields].filter((path) => {
    const steps = JSON.parse(path) as Path;
    return sameJson(at(before, steps), at(after, steps));
  }));
}

/** The leaves of a set that no field of the others equals or lies below. */
export function exclusive(fields: FieldSet, others: readonly FieldSet[]): FieldSet {
  const taken = others.flatMap((set) => [...set]);
  return new Set(
    [...fields].filter((path) => !taken.some((other) => other === path || other.startsWith(`${path.slice(0, -1)},`))),
  );
}

function at(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((here, step) => {
    if (Array.isArray(here)) return here.find((item) => isItem(item, step)) as unknown;
    return isJsonObject(here) && typeof step === 'string' ? here[step] : undefined;
  }, value);
}

/** The fields of an object or the items of a keyed list; undefined for what is one leaf. */
function childrenOf(value: unknown, path: Path): [Step, unknown][] | undefined {
  if (isJsonObject(value)) return Object.entries(value);
  const key = keyedLists[path.map((step) => (typeof step === 'string' ? step : '')).join('.')];
  if (!Array.isArray(value) || key === undefined) return undefined;
  return value.map((item: unknown) => [{ key, value: key === '' ? item : (item as JsonObject)[key] }, item]);
}

function isItem(item: unknown, step: Step): boolean {
  if (typeof step === 'string') return false;
  return sameJson(step.key === '' ? item : isJsonObject(item) ? item[step.key] : undefined, step.value);
}
