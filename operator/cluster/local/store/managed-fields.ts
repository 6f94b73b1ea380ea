/** Who applied which fields: decides what a new apply or patch leaves behind. Pure. */
import type { KubeObject } from '../../cluster.ts';
import { exclusive, type FieldSet, fieldsOf, overlay, unchanged, without } from './field-paths.ts';

/** The fields each manager applied last, by `manager` or `manager/status`. */
export type Managers = ReadonlyMap<string, FieldSet>;

/** An object with its managers. */
export interface Managed {
  readonly object: KubeObject;
  readonly managers: Managers;
}

/** The part of an object an apply is about: everything but status, or status alone. */
export type Part = 'main' | 'status';

/**
 * Lays the applied fields over the live object. What this manager applied before and leaves out now
 * goes away, unless another manager applies it too; fields of others stay; on a difference this manager wins.
 */
export function applyPart(live: Managed | undefined, applied: KubeObject, manager: string, part: Part): Managed {
  const { apiVersion, kind, metadata: { name, namespace } } = applied;
  const identity: KubeObject = {
    apiVersion,
    kind,
    metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
  };
  const before = live ?? { object: identity, managers: new Map<string, FieldSet>() };
  const owner = part === 'status' ? `${manager}/status` : manager;
  const content = contentOf(applied, part);
  const fields = fieldsOf(content);
  const others = new Map([...before.managers].filter(([name]) => name !== owner));
  const dropped = new Set([...(before.managers.get(owner) ?? [])].filter((path) => !fields.has(path)));
  const kept = without(before.object, exclusive(dropped, [...others.values()])) as KubeObject;
  const object = overlay(kept, content) as KubeObject;
  return { object, managers: new Map([...stillTrue(others, before.object, object), [owner, fields]]) };
}

/** What the managers still own after someone else changed the object. */
export function stillTrue(managers: Managers, before: KubeObject, after: KubeObject): Managers {
  return new Map([...managers].map(([manager, fields]) => [manager, unchanged(fields, before, after)]));
}

function contentOf(applied: KubeObject, part: Part): object {
  if (part === 'status') return { status: applied.status ?? {} };
  const content: Record<string, unknown> = { ...applied };
  for (const field of ['apiVersion', 'kind', 'metadata', 'status']) Reflect.deleteProperty(content, field);
  const { labels, annotations, finalizers, ownerReferences } = applied.metadata;
  const metadata = Object.fromEntries(
    Object.entries({ labels, annotations, finalizers, ownerReferences }).filter(([, value]) => value !== undefined),
  );
  return Object.keys(metadata).length === 0 ? content : { ...content, metadata };
}
