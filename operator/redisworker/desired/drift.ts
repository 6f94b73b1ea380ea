/** Decides whether an object on the cluster still is what we last asked for. */
import { sameQuantity } from '../../api/quantity.ts';
import type { KubeObject } from '../../cluster/cluster.ts';
import { annotations, digest } from '../model/names.ts';

/** The object with a digest of itself in its annotations. */
export function stamped<T extends KubeObject>(object: T): T {
  const { metadata, spec } = object;
  // How many pods there are to be is always said, and changes by a patch of its own.
  const said = { ...object, spec: spec && { ...spec, replicas: undefined } };
  return {
    ...object,
    metadata: {
      ...metadata,
      annotations: { ...metadata.annotations, [annotations.applied]: digest(canonicalJson(said), 16) },
    },
  };
}

/**
 * True when `actual` lacks or changed something `desired` says, or when we used to say more:
 * the stamp tells, since fields the API server defaulted cannot be told from fields we dropped.
 */
export function hasDrifted(desired: KubeObject, actual: KubeObject): boolean {
  return !covers(actual, desired);
}

/** What an object was found to be in accord with: as long as it is the same object, it still is. */
const accords = new WeakMap<KubeObject, string>();

/** What `differs` says, without asking again about an object that has been found as it is to be. */
export function hasDriftedSince(
  differs: (desired: KubeObject, actual: KubeObject) => boolean,
  desired: KubeObject,
  actual: KubeObject,
): boolean {
  const asked = accordOf(desired);
  if (asked !== undefined && accords.get(actual) === asked) return false;
  if (differs(desired, actual)) return true;
  if (asked !== undefined) accords.set(actual, asked);
  return false;
}

/** Equal for equal objects of one name: the stamp is about all but the number of pods and later notes. */
function accordOf({ metadata: { annotations: notes }, spec }: KubeObject): string | undefined {
  if (notes?.[annotations.applied] === undefined) return undefined;
  return JSON.stringify([notes, (spec as { replicas?: number } | undefined)?.replicas]);
}

/**
 * Drift of a policy: here what somebody added counts too, for one more label in a selector or one more port
 * lets out what nobody asked for. Fields of the spec we never write can only close, and are left alone.
 */
export function policyHasDrifted(desired: KubeObject, actual: KubeObject): boolean {
  const found = (actual.spec ?? {}) as Readonly<Record<string, unknown>>;
  const isOther = ([field, value]: [string, unknown]) => canonicalJson(found[field] ?? []) !== canonicalJson(value);
  return hasDrifted(desired, actual) || Object.entries(desired.spec ?? {}).some(isOther);
}

/** Drift of a Service: one more label in its selector leads to fewer pods, or to none. */
export function serviceHasDrifted(desired: KubeObject, actual: KubeObject): boolean {
  const selectorOf = ({ spec }: KubeObject) => canonicalJson((spec as { selector?: object } | undefined)?.selector);
  return hasDrifted(desired, actual) || selectorOf(desired) !== selectorOf(actual);
}

/** Every key of `wanted` is in `actual` with a covering value; lists match item by item. */
function covers(actual: unknown, wanted: unknown, path: readonly string[] = []): boolean {
  if (wanted === undefined) return true;
  if (Array.isArray(wanted)) {
    const items: readonly unknown[] = wanted;
    if (actual === undefined) return items.length === 0;
    return Array.isArray(actual) && actual.length === items.length &&
      items.every((item, at) => covers(actual[at], item, path));
  }
  if (typeof wanted === 'object' && wanted !== null) {
    if (typeof actual !== 'object' || actual === null) return isEmpty(wanted) && actual === undefined;
    return Object.entries(wanted).every(([key, value]) =>
      covers((actual as Record<string, unknown>)[key], value, [...path, key])
    );
  }
  return actual === wanted || isRewritten(actual, wanted, path);
}

/** What an API server stores in its own words: amounts of resources, and nothing for an empty text. */
function isRewritten(actual: unknown, wanted: unknown, path: readonly string[]): boolean {
  if (wanted === '' && actual === undefined) return true;
  const isAmount = path.at(-3) === 'resources' || path.at(-1) === 'sizeLimit';
  return isAmount && typeof actual === 'string' && typeof wanted === 'string' && sameQuantity(actual, wanted);
}

/** The API server drops empty objects and lists it finds pointless. */
function isEmpty(value: object): boolean {
  return Object.keys(value).length === 0;
}

/** Texts of what several objects share: of a worker's Deployments nearly everything is the same. */
const texts = new WeakMap<object, string>();

/** A part of many objects, which must not be changed: its canonical text is made once. */
export function shared<T extends object>(part: T): T {
  texts.set(part, canonicalJson(part));
  return part;
}

/** JSON with sorted keys and without undefined values: equal for equal objects. */
export function canonicalJson(value: unknown): string {
  if (value === undefined) return 'null'; // in a list
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  return texts.get(value) ?? (Array.isArray(value) ? listText(value) : objectText(value));
}

function listText(list: readonly unknown[]): string {
  return list.every((item) => typeof item === 'string')
    ? JSON.stringify(list)
    : `[${list.map(canonicalJson).join(',')}]`;
}

function objectText(object: object): string {
  let text = '';
  for (const key of sortedKeys(object)) {
    const inner = (object as Record<string, unknown>)[key];
    if (inner !== undefined) text += `${text === '' ? '' : ','}${JSON.stringify(key)}:${canonicalJson(inner)}`;
  }
  return `{${text}}`;
}

/** Sorted as text, after those that are numbers: an object holds these in front, whatever order they were put in. */
function sortedKeys(object: object): string[] {
  const keys = Object.keys(object).sort();
  return keys.some(isIndex)
    ? [...keys.filter(isIndex).sort((a, b) => Number(a) - Number(b)), ...keys.filter((key) => !isIndex(key))]
    : keys;
}

function isIndex(key: string): boolean {
  return key <= '9\uffff' && /^(0|[1-9]\d{0,9})$/.test(key) && Number(key) < 2 ** 32 - 1;
}
