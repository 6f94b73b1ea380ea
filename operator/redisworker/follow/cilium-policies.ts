/** The live copy of CiliumNetworkPolicies, opened when the first worker asks for one: most clusters do not have the kind. */
import {
  type Cluster,
  ClusterError,
  type Followed,
  type KubeObject,
  type ObjectMeta,
  resources,
} from '../../cluster/cluster.ts';
import { keptPolicy } from './kept.ts';
import { childrenIn, isChildOf, workerOfOrphan } from '../model/belonging.ts';
import { labels, managedBy } from '../model/names.ts';
import { ciliumNotInstalled, missing, type Resolved } from '../model/problem.ts';

/** Follows our policies of this kind, once there is a reason to. */
export class CiliumPolicies {
  readonly #cluster: Cluster;
  readonly #where: { namespace?: string; labels: Record<string, string> };
  readonly #onOpen: (copy: Followed) => void;
  #copy: Followed | undefined;
  #synced = false;
  #closed = false;

  /** @param onOpen told once, when following begins */
  constructor(cluster: Cluster, namespace: string | undefined, onOpen: (copy: Followed) => void) {
    this.#cluster = cluster;
    this.#where = { ...(namespace === undefined ? {} : { namespace }), labels: { [labels.managedBy]: managedBy } };
    this.#onOpen = onOpen;
  }

  /**
   * Opens the copy when there are policies of an earlier process. A cluster without the kind, or without the
   * right to it, has none; one that does not answer is asked again the next time.
   */
  async openIfUsed(): Promise<void> {
    if (this.#copy) return;
    try {
      if ((await this.#cluster.list(resources.ciliumNetworkPolicies, this.#where)).length > 0) this.follow();
    } catch (error) {
      if (!(error instanceof ClusterError)) throw error;
    }
  }

  /**
   * Policies of a worker.
   * @param asked a worker has this flavor: without a copy the cluster is asked, and says at once what a watch would only log
   * @returns the policies, or why they cannot be seen
   * @throws ClusterError when the cluster does not answer
   */
  async of(worker: ObjectMeta, asked: boolean): Promise<Resolved<readonly KubeObject[]>> {
    if (this.#synced || !asked) return { ok: true, value: childrenIn(this.#copy, worker) };
    try {
      const all = await this.#cluster.list(resources.ciliumNetworkPolicies, this.#where);
      return { ok: true, value: all.filter((policy) => isChildOf(worker, policy)) };
    } catch (error) {
      if (!(error instanceof ClusterError)) throw error;
      if (error.reason === 'NotServed') {
        return { ok: false, problem: missing('CiliumNotInstalled', ciliumNotInstalled) };
      }
      if (error.status === 403) return { ok: false, problem: missing('Forbidden', error.message) };
      throw error;
    }
  }

  /** Follows the kind from now on. */
  follow(): void {
    if (this.#copy || this.#closed) return;
    this.#copy = this.#cluster.follow(resources.ciliumNetworkPolicies, {
      ...this.#where,
      keep: keptPolicy,
      group: workerOfOrphan,
    });
    this.#copy.synced.then(() => {
      this.#synced = true;
    }, () => undefined); // stopped: the operator ends
    this.#onOpen(this.#copy);
  }

  close(): void {
    this.#closed = true;
    this.#copy?.stop();
  }
}
