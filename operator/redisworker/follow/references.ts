/** Follows what workers refer to by name or by label, and tells which workers to look at again. */
import {
  type Cluster,
  type Followed,
  type FollowOptions,
  keyOf,
  type KubeObject,
  type ObjectRef,
  type Resource,
} from '../../cluster/cluster.ts';

/** Objects of a namespace that carry these labels. */
export interface Selection {
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** What a worker refers to: one object, or all of a selection. */
export interface Referred {
  readonly resource: Resource;
  readonly ref: ObjectRef | Selection;
}

/** What is followed, and the workers (keys) that refer to it. */
interface Reference {
  readonly followed: Followed;
  readonly dependents: Set<string>;
  synced: boolean;
}

/**
 * A watch per referenced object or selection, shared by the workers that name it: the operator needs
 * no right to list what no worker refers to.
 */
export class References {
  readonly #cluster: Cluster;
  readonly #enqueue: (workerKey: string) => void;
  readonly #references = new Map<string, Reference>();

  constructor(cluster: Cluster, enqueue: (workerKey: string) => void) {
    this.#cluster = cluster;
    this.#enqueue = enqueue;
  }

  /** Reads an object for a worker and keeps it followed. @throws ClusterError when it may not be read. */
  async read(workerKey: string, resource: Resource, ref: ObjectRef): Promise<KubeObject | undefined> {
    // The copy may not have what we wrote a moment ago: only what it has is believed, an absence is asked for.
    const copied = this.#copy(workerKey, { resource, ref })?.get(ref);
    if (copied) return copied;
    // A plain read says at once, and in the server's words, when the right to read is missing.
    const object = await this.#cluster.get(resource, ref);
    this.#follow(workerKey, { resource, ref });
    return object;
  }

  /** Reads all objects of a selection and keeps them followed. @throws ClusterError when they may not be listed. */
  async list(workerKey: string, resource: Resource, selection: Selection): Promise<readonly KubeObject[]> {
    const copied = this.#copy(workerKey, { resource, ref: selection })?.list();
    if (copied) return copied;
    const objects = await this.#cluster.list(resource, selection);
    this.#follow(workerKey, { resource, ref: selection });
    return objects;
  }

  /** Forgets what a worker no longer refers to; `used` holds what it still does. */
  keepOnly(workerKey: string, used: readonly Referred[]): void {
    const keep = new Set(used.map(keyIn));
    for (const [key, reference] of this.#references) {
      if (keep.has(key) || !reference.dependents.delete(workerKey) || reference.dependents.size > 0) continue;
      reference.followed.stop();
      this.#references.delete(key);
    }
  }

  /** Stops all watches. */
  close(): void {
    for (const { followed } of this.#references.values()) followed.stop();
    this.#references.clear();
  }

  /** The live copy, once it is complete; the worker depends on it from now on. */
  #copy(workerKey: string, referred: Referred): Followed | undefined {
    const known = this.#references.get(keyIn(referred));
    known?.dependents.add(workerKey);
    return known?.synced === true ? known.followed : undefined;
  }

  /** Looked up again here: another worker may have begun to follow the same while this one was reading it. */
  #follow(workerKey: string, referred: Referred): void {
    const shared = this.#references.get(keyIn(referred));
    if (shared) {
      shared.dependents.add(workerKey);
      return;
    }
    const followed = this.#cluster.follow(referred.resource, followOptions(referred.ref));
    const reference: Reference = { followed, dependents: new Set([workerKey]), synced: false };
    this.#references.set(keyIn(referred), reference);
    followed.synced.then(
      () => {
        reference.synced = true;
      },
      () => undefined, // the next plain read tells whoever refers to it
    );
    followed.onChange(() => {
      for (const dependent of reference.dependents) this.#enqueue(dependent);
    });
  }
}

function followOptions(ref: ObjectRef | Selection): FollowOptions {
  if ('labels' in ref) return ref;
  return {
    ...(ref.namespace === undefined ? {} : { namespace: ref.namespace }),
    fieldSelector: `metadata.name=${ref.name}`,
  };
}

function keyIn({ resource, ref }: Referred): string {
  return `${resource.kind} ${'labels' in ref ? JSON.stringify([ref.namespace, ref.labels]) : keyOf(ref)}`;
}
