/** Reads what a spec refers to by name, and notes that it was read. */
import { ClusterError, type KubeObject, type ObjectRef, type Resource } from '../../cluster/cluster.ts';
import type { References } from '../follow/references.ts';
import type { Blueprint } from '../model/blueprint.ts';
import type { Referred } from '../model/observed.ts';
import { missing, type Resolved } from '../model/problem.ts';

/** Who looks at what. */
export interface Reader {
  readonly object: KubeObject;
  readonly blueprint: Blueprint;
  /** The ConfigMaps of the worker, as they are kept. */
  readonly configMaps: readonly KubeObject[];
  readonly aesKey: string;
  /** Gets what was read. */
  readonly referred: Referred[];
}

/** Reads one object; a refused read is a problem in the server's words. @throws ClusterError */
export async function readNamed(
  references: References,
  referred: Referred[],
  resource: Resource,
  ref: ObjectRef,
): Promise<Resolved<KubeObject | undefined>> {
  return orForbidden(async () => {
    const value = await references.read(resource, ref);
    referred.push({ resource, ref });
    return value;
  });
}

/** What was read, or a refusal as a problem in the server's words. @throws ClusterError for anything else */
export async function orForbidden<T>(read: () => Promise<T>): Promise<Resolved<T>> {
  try {
    return { ok: true, value: await read() };
  } catch (error) {
    if (!(error instanceof ClusterError) || error.status !== 403) throw error;
    return { ok: false, problem: missing('Forbidden', error.message) };
  }
}
