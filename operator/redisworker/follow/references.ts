/** Follows what workers refer to by name or by label, and tells which workers to look at again. */
import {
  type Cluster,
  type Followed,
  keyOf,
  type KubeObject,
  type ObjectRef,
  type Resource,
} from '../../cluster/cluster.ts';
import type { Referred, Selection } from '../model/observed.ts';

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
  /** What each worker refers to, by its key in the map above. */
  readonly #byWorker = new Map<string, ReadonlySet<string>>();

  constructor(cluster: Cluster, enqueue: (workerKey: string) => void) {
    this.#cluster = cluster;
    this.#enqueue = enqueue;
  }

  /** Reads an object. @throws ClusterError when it may not be read. */
  async read(resource: Resource, ref: ObjectRef): Promise<KubeObject | undefined> {
    // The copy may not have what was written a moment ago: only what it has is believed, an absence is asked for.
    // A plain read says at once, and in the server's words, when the right to read is missing.
    return this.#copy({ resource, ref })?.get(ref) ?? await this.#cluster.get(resource, ref);
  }

  /** Reads all objects of a selection. @throws ClusterError when they may not be listed. */
  async list(resource: Resource, selection: Selection): Promise<readonly KubeObject[]> {
    return this.#copy({ resource, ref: selection })?.list() ?? await this.#cluster.list(resource, selection);
  }

  /** Follows exactly what a worker refers to now. */
  keep(workerKey: string, referred: readonly Referred[]): void {
    for (const one of referred) this.#follow(workerKey, one);
    const keep = new Set(referred.map(keyIn));
    for (const key of this.#byWorker.get(workerKey) ?? []) if (!keep.has(key)) this.#leave(workerKey, key);
    if (keep.size > 0) this.#byWorker.set(workerKey, keep);
    else this.#byWorker.delete(workerKey);
  }

  #leave(workerKey: string, key: string): void {
    const reference = this.#references.get(key);
    reference?.dependents.delete(workerKey);
    if (reference?.dependents.size !== 0) return;
    reference.followed.stop();
    this.#references.delete(key);
  }

  /** Stops all watches. */
  close(): void {
    for (const { followed } of this.#references.values()) followed.stop();
    this.#references.clear();
    this.#byWorker.clear();
  }

  /** The live copy, once it is complete. */
  #copy(referred: Referred): Followed | undefined {
    const known = this.#references.get(keyIn(referred));
    return known?.synced === true ? known.followed : undefined;
  }

  #follow(workerKey: string, referred: Referred): void {
    const shared = this.#references.get(keyIn(referred));
    if (shared) {
      shared.dependents.add(workerKey);
      return;
    }
    const followed = this.#cluster.follow(referred.resource, referred.ref);
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

function keyIn({ resource, ref }: Referred): string {
  return `${resource.kind} ${'labels' in ref ? JSON.stringify([ref.namespace, ref.labels]) : keyOf(ref)}`;
}
