/** The live copy of CiliumNetworkPolicies, opened when the first worker asks for one: most clusters do not have the kind. */
import { type Cluster, ClusterError, type Followed, type KubeObject, resources } from '../../cluster/cluster.ts';
import { labels, managedBy } from '../model/names.ts';
import { ciliumNotInstalled, missing, type Problem } from '../model/problem.ts';

/** Follows our policies of this kind, once there is a reason to. */
export class CiliumPolicies {
  readonly #cluster: Cluster;
  readonly #where: { namespace?: string; labels: Record<string, string> };
  readonly #onOpen: (copy: Followed) => void;
  #copy: Followed | undefined;
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
      if ((await this.#cluster.list(resources.ciliumNetworkPolicies, this.#where)).length > 0) await this.open();
    } catch (error) {
      if (!(error instanceof ClusterError)) throw error;
    }
  }

  /** Makes sure the copy is there and complete. @returns why it cannot be @throws ClusterError when the cluster does not answer */
  async open(): Promise<Problem | undefined> {
    if (!this.#copy) {
      const problem = await this.#probe();
      if (problem) return problem;
      this.#follow();
    }
    await this.#copy?.synced.catch(() => undefined); // stopped: the operator ends
    return undefined;
  }

  /** Policies with an owner reference to this UID; none before the copy is opened. */
  ownedBy(uid: string): readonly KubeObject[] {
    return this.#copy?.ownedBy(uid) ?? [];
  }

  close(): void {
    this.#closed = true;
    this.#copy?.stop();
  }

  /** A plain list says at once what a watch would only log. */
  async #probe(): Promise<Problem | undefined> {
    try {
      await this.#cluster.list(resources.ciliumNetworkPolicies, this.#where);
      return undefined;
    } catch (error) {
      if (!(error instanceof ClusterError)) throw error;
      if (error.reason === 'NotServed') return missing('CiliumNotInstalled', ciliumNotInstalled);
      if (error.status === 403) return missing('Forbidden', error.message);
      throw error;
    }
  }

  /** Another worker may have opened the copy while this one was looking. */
  #follow(): void {
    if (this.#copy || this.#closed) return;
    this.#copy = this.#cluster.follow(resources.ciliumNetworkPolicies, this.#where);
    this.#onOpen(this.#copy);
  }
}
