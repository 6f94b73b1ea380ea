/** An operator that is killed at one of its writes, for tests of what the next one makes of that. */
import type { Cluster } from '../../operator/cluster/cluster.ts';

/** The calls that write. */
export type Writes = Pick<Cluster, 'create' | 'apply' | 'patch' | 'delete'>;

/**
 * Calls of an operator that is no more from its write number `last` on: nothing comes back to it.
 * @param isCarriedOut whether that write is
 */
export function killedAt(
  cluster: Writes,
  last: number,
  isCarriedOut: boolean,
): { readonly writes: Writes; readonly killed: Promise<undefined> } {
  const { promise: killed, resolve } = Promise.withResolvers<undefined>();
  let count = 0;
  const dying = <A extends unknown[], R>(write: (...args: A) => Promise<R>) => async (...args: A): Promise<R> => {
    count += 1;
    if (count < last) return await write(...args);
    if (count === last && isCarriedOut) await write(...args);
    resolve(undefined);
    return await new Promise<never>(() => undefined);
  };
  const writes: Writes = {
    create: dying((...args: Parameters<Writes['create']>) => cluster.create(...args)),
    apply: dying((...args: Parameters<Writes['apply']>) => cluster.apply(...args)),
    patch: dying((...args: Parameters<Writes['patch']>) => cluster.patch(...args)),
    delete: dying((...args: Parameters<Writes['delete']>) => cluster.delete(...args)),
  };
  return { writes, killed };
}
