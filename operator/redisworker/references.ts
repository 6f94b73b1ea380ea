/** Follows single objects that workers refer to by name, and tells which workers to look at again. */
import { keyOf, type Cluster, type Followed, type KubeObject, type ObjectRef, type Resource } from '../cluster/cluster.ts';

/** One followed object and the workers (keys) that refer to it. */
interface Reference {
  readonly followed: Followed;
  readonly dependents: Set<string>;
  synced: boolean;
}

/**
 * A watch per referenced ConfigMap or Secret, shared by the workers that name it: the operator needs
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
    const known = this.#references.get(keyIn(resource, ref));
    known?.dependents.add(workerKey);
    // The copy may not have what we wrote a moment ago: only what it has is believed, an absence is asked for.
    const copied = known?.synced === true ? known.followed.get(ref) : undefined;
    if (copied) return copied;
    // A plain read says at once, and in the server's words, when the right to read is missing.
    const object = await this.#cluster.get(resource, ref);
    this.#follow(workerKey, resource, ref);
    return object;
  }

  /** Forgets what a worker no longer refers to; `used` holds what it still does. */
  keepOnly(workerKey: string, used: readonly { resource: Resource; ref: ObjectRef }[]): void {
    const keep = new Set(used.map(({ resource, ref }) => keyIn(resource, ref)));
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

  /** Looked up again here: another worker may have begun to follow the object while this one was reading it. */
  #follow(workerKey: string, resource: Resource, ref: ObjectRef): void {
    const shared = this.#references.get(keyIn(resource, ref));
    if (shared) {
      shared.dependents.add(workerKey);
      return;
    }
    const followed = this.#cluster.follow(resource, {
      ...(ref.namespace === undefined ? {} : { namespace: ref.namespace }),
      fieldSelector: `metadata.name=${ref.name}`,
    });
    const reference: Reference = { followed, dependents: new Set([workerKey]), synced: false };
    this.#references.set(keyIn(resource, ref), reference);
    followed.synced.then(
      () => { reference.synced = true; },
      () => undefined, // the next plain read tells whoever refers to it
    );
    followed.onChange(() => {
      for (const dependent of reference.dependents) this.#enqueue(dependent);
    });
  }
}

function keyIn(resource: Resource, ref: ObjectRef): string {
  return `${resource.kind} ${keyOf(ref)}`;
}
