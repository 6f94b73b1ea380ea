/** Decides whether an object on the cluster still is what we last asked for. */
import { sameQuantity } from '../../api/quantity.ts';
import type { KubeObject } from '../../cluster/cluster.ts';
import { remembered } from '../../remembered.ts';
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

/** The part that is kept of an object, and the part that is asked for in many objects, which it was found to cover. */
const covered = new WeakMap<object, object>();

/** Every key of `wanted` is in `actual` with a covering value; lists match item by item. */
function covers(actual: unknown, wanted: unknown, field?: string, around?: string, beyond?: string): boolean {
  if (wanted === undefined || actual === wanted) return true;
  if (typeof wanted !== 'object' || wanted === null) return isRewritten(actual, wanted, field, beyond);
  if (typeof actual !== 'object' || actual === null) return actual === undefined && isEmpty(wanted);
  if (covered.get(actual) === wanted) return true;
  const holds = Array.isArray(wanted)
    ? Array.isArray(actual) && actual.length === wanted.length &&
      wanted.every((item, at) => covers(actual[at], item, field, around, beyond))
    : coversObject(actual, wanted, field, around);
  if (holds && sharedParts.has(wanted)) covered.set(actual, wanted);
  return holds;
}

/** Asked of every field of every object at every start: it makes no garbage. */
function coversObject(actual: object, wanted: object, field?: string, around?: string): boolean {
  for (const key in wanted) {
    const asked = (wanted as Readonly<Record<string, unknown>>)[key];
    if (!covers((actual as Readonly<Record<string, unknown>>)[key], asked, key, field, around)) return false;
  }
  return true;
}

/** What an API server stores in its own words: amounts of resources, and nothing for an empty text. */
function isRewritten(actual: unknown, wanted: unknown, field: string | undefined, beyond: string | undefined): boolean {
  if (wanted === '' && actual === undefined) return true;
  const isAmount = beyond === 'resources' || field === 'sizeLimit';
  return isAmount && typeof actual === 'string' && typeof wanted === 'string' && sameQuantity(actual, wanted);
}

/** The API server drops empty objects and lists it finds pointless. */
function isEmpty(value: object): boolean {
  return Object.keys(value).length === 0;
}

/** What several objects share: of a worker's Deployments nearly everything is the same. */
const sharedParts = new WeakSet<object>();

/** Their texts, while objects are built of them: kept as long as the parts are they would be a tenth of the heap. */
const textOfShared = remembered(textOf);

/** A part of many objects, which must not be changed: its canonical text is made once while they are built. */
export function shared<T extends object>(part: T): T {
  sharedParts.add(part);
  textOfShared(part);
  return part;
}

/** JSON with sorted keys and without undefined values: equal for equal objects. */
export function canonicalJson(value: unknown): string {
  if (value === undefined) return 'null'; // in a list
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  return sharedParts.has(value) ? textOfShared(value) : textOf(value);
}

function textOf(value: object): string {
  return Array.isArray(value) ? listText(value) : objectText(value);
}

function listText(list: readonly unknown[]): string {
  if (list.every((item) => typeof item === 'string')) return JSON.stringify(list);
  let text = '[';
  for (const item of list) text += text === '[' ? canonicalJson(item) : `,${canonicalJson(item)}`;
  return `${text}]`;
}

function objectText(object: object): string {
  let text = '';
  for (const key of sortedKeys(object)) {
    const inner = (object as Record<string, unknown>)[key];
    if (inner !== undefined) text += `${text === '' ? '' : ','}${named(key)}${canonicalJson(inner)}`;
  }
  return `{${text}}`;
}

/** The few names of fields there are. */
const named = remembered((key) => `${JSON.stringify(key)}:`);

/** Sorted as text, after those that are numbers: an object holds these in front, whatever order they were put in. */
function sortedKeys(object: object): string[] {
  const keys = Object.keys(object);
  if (keys.some((key, at) => at > 0 && key < (keys[at - 1] ?? ''))) keys.sort();
  return keys.some(isIndex)
    ? [...keys.filter(isIndex).sort((a, b) => Number(a) - Number(b)), ...keys.filter((key) => !isIndex(key))]
    : keys;
}

function isIndex(key: string): boolean {
  return key <= '9\uffff' && /^(0|[1-9]\d{0,9})$/.test(key) && Number(key) < 2 ** 32 - 1;
}
