/** The objects of a local cluster: identity, versions, finalizers and deletion, one ordered stream of changes. */
import { type ChangeListener, keyOf, type KubeObject, type ObjectRef, type Preconditions } from '../../cluster.ts';
import { conflict, deepFreeze, type JsonObject, kindKey, notFound, refTo, sameJson } from './objects.ts';

type Kind = { readonly apiVersion: string; readonly kind: string };

/** What the store cannot make up by itself. */
export interface StoreSources {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly uid: (created: KubeObject) => string;
}

/** How to delete: preconditions, and the seconds a pod on a node gets to end. */
export type DeleteOptions = Preconditions & { readonly gracePeriodSeconds?: number };

/** Frozen objects by kind and key. Every write is complete when the call returns; listeners are told within it. */
export class ObjectStore {
  readonly #sources: StoreSources;
  readonly #kinds = new Map<string, Map<string, KubeObject>>();
  readonly #uids = new Set<string>();
  readonly #listeners = new Set<ChangeListener>();
  #version = 0;

  constructor(sources: StoreSources) {
    this.#sources = sources;
  }

  read(kind: Kind, ref: ObjectRef): KubeObject | undefined {
    return this.#kinds.get(kindKey(kind))?.get(keyOf(ref));
  }

  all(kind: Kind): readonly KubeObject[] {
    return [...(this.#kinds.get(kindKey(kind))?.values() ?? [])];
  }

  everything(): readonly KubeObject[] {
    return [...this.#kinds.values()].flatMap((objects) => [...objects.values()]);
  }

  /** Whether an object with this UID exists. */
  hasUid(uid: string): boolean {
    return this.#uids.has(uid);
  }

  /** Tells every change, in order, from within the write that made it. */
  onChange(listener: ChangeListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Creates or replaces an object; identity, versions and deletion marks are the store's own.
   * A write that changes nothing leaves the resourceVersion alone.
   */
  write(wanted: KubeObject): KubeObject {
    const live = this.read(wanted, refTo(wanted));
    const next = live === undefined ? this.#born(wanted) : succeed(live, wanted);
    if (live !== undefined && sameJson(live, next)) return live;
    const stored = this.#keep(next);
    this.#tell(live === undefined ? 'added' : 'modified', stored);
    if (isOver(stored)) this.#drop(stored);
    return stored;
  }

  /**
   * Deletes an object: at once, or marks it while finalizers hold it or a node still runs it.
   * @throws ClusterError `NotFound`, or `Conflict` when a precondition does not hold
   */
  remove(kind: Kind, ref: ObjectRef, options: DeleteOptions = {}): void {
    const live = this.read(kind, ref);
    if (live === undefined) throw notFound(kind.kind, ref);
    checkPreconditions(live, options);
    const marked = this.#marked(live, options.gracePeriodSeconds ?? defaultGrace(live));
    if (isOver(marked)) this.#drop(marked);
    else if (!sameJson(live, marked)) this.#tell('modified', this.#keep(marked));
  }

  #born(wanted: KubeObject): KubeObject {
    const metadata = { ...wanted.metadata, uid: this.#sources.uid(wanted), creationTimestamp: this.#timestamp() };
    delete metadata.deletionTimestamp;
    delete metadata.deletionGracePeriodSeconds;
    return { ...wanted, metadata: 'spec' in wanted ? { ...metadata, generation: 1 } : metadata };
  }

  #marked(live: KubeObject, graceSeconds: number): KubeObject {
    const { metadata } = live;
    const grace = Math.min(graceSeconds, metadata.deletionGracePeriodSeconds ?? Infinity);
    return {
      ...live,
      metadata: {
        ...metadata,
        deletionTimestamp: metadata.deletionTimestamp ?? this.#timestamp(),
        deletionGracePeriodSeconds: grace,
        ...(metadata.generation !== undefined && metadata.deletionTimestamp === undefined
          ? { generation: metadata.generation + 1 }
          : {}),
      },
    };
  }

  #keep(object: KubeObject): KubeObject {
    this.#version += 1;
    const stored = deepFreeze({ ...object, metadata: { ...object.metadata, resourceVersion: String(this.#version) } });
    const objects = this.#kinds.get(kindKey(stored)) ?? new Map<string, KubeObject>();
    this.#kinds.set(kindKey(stored), objects.set(keyOf(refTo(stored)), stored));
    this.#uids.add(stored.metadata.uid ?? '');
    return stored;
  }

  #drop(object: KubeObject): void {
    this.#kinds.get(kindKey(object))?.delete(keyOf(refTo(object)));
    this.#uids.delete(object.metadata.uid ?? '');
    this.#tell('deleted', deepFreeze(object));
  }

  #tell(...change: Parameters<ChangeListener>): void {
    for (const listener of [...this.#listeners]) listener(...change);
  }

  #timestamp(): string {
    return new Date(this.#sources.now()).toISOString().replace(/\.\d+Z$/, 'Z');
  }
}

/** @throws ClusterError `Conflict` when uid or resourceVersion differ from what the caller saw */
export function checkPreconditions(live: KubeObject, expected: Preconditions): void {
  const { uid, resourceVersion } = live.metadata;
  if (expected.uid !== undefined && expected.uid !== uid) {
    throw conflict(live.kind, refTo(live), 'was deleted and created again');
  }
  if (expected.resourceVersion !== undefined && expected.resourceVersion !== resourceVersion) {
    throw conflict(live.kind, refTo(live), 'has changed in between');
  }
}

/** The next state of a live object: the caller's content, the store's own metadata. */
function succeed(live: KubeObject, wanted: KubeObject): KubeObject {
  const own: JsonObject = {};
  for (
    const field of [
      'uid',
      'resourceVersion',
      'generation',
      'creationTimestamp',
      'deletionTimestamp',
      'deletionGracePeriodSeconds',
    ] as const
  ) {
    if (live.metadata[field] !== undefined) own[field] = live.metadata[field];
  }
  const metadata = { ...wanted.metadata, ...own };
  for (const field of ['deletionTimestamp', 'deletionGracePeriodSeconds'] as const) {
    if (!(field in own)) Reflect.deleteProperty(metadata, field);
  }
  if (live.metadata.generation !== undefined && !sameJson(live.spec, wanted.spec)) {
    metadata.generation = live.metadata.generation + 1;
  }
  return { ...wanted, metadata };
}

/** Pods on a node are deleted by that node; everything else goes at once. */
function defaultGrace(object: KubeObject): number {
  if (object.kind !== 'Pod' || object.apiVersion !== 'v1') return 0;
  const spec = object.spec as { nodeName?: string; terminationGracePeriodSeconds?: number } | undefined;
  return spec?.nodeName === undefined ? 0 : (spec.terminationGracePeriodSeconds ?? 30);
}

function isOver({ metadata }: KubeObject): boolean {
  return metadata.deletionTimestamp !== undefined && !metadata.finalizers?.length &&
    !metadata.deletionGracePeriodSeconds;
}
