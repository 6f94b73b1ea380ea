/** Which worker an object belongs to, and which objects a worker has. Pure. */
import { type Followed, keyOf, type KubeObject, type ObjectMeta } from '../../cluster/cluster.ts';
import { annotations, labels, managedBy } from './names.ts';

/** Objects of a worker: those it owns, and those that say they are of it and have lost their owner. */
export function childrenIn(
  copy: Pick<Followed, 'ownedBy' | 'grouped'> | undefined,
  { namespace = 'default', name, uid = '' }: ObjectMeta,
): readonly KubeObject[] {
  return copy === undefined ? [] : [...copy.ownedBy(uid), ...copy.grouped(keyOf({ namespace, name }))];
}

/** Whether an object of a plain list is one of those. */
export function isChildOf({ namespace = 'default', name, uid }: ObjectMeta, object: KubeObject): boolean {
  return object.metadata.ownerReferences?.some((owner) => owner.uid === uid) === true ||
    workerOfOrphan(object) === keyOf({ namespace, name });
}

/** Whether an object of a kind that others have as well is one of the operator's. */
export function isManaged({ metadata }: KubeObject): boolean {
  return metadata.labels?.[labels.managedBy] === managedBy;
}

/** Key of the worker that an object says it is of while nothing owns it: somebody has taken its owner reference away. */
export function workerOfOrphan(object: KubeObject): string | undefined {
  return object.metadata.ownerReferences?.some(({ controller }) => controller) === true
    ? undefined
    : workerNamed(object);
}

/** Key of the worker an object says it is of. Policies have no annotation; a label holds the names that fit into one. */
export function workerNamed({ metadata }: KubeObject): string | undefined {
  const name = metadata.annotations?.[annotations.worker] ?? metadata.labels?.[labels.worker];
  return name === undefined ? undefined : keyOf({ namespace: metadata.namespace ?? 'default', name });
}
