/** Metadata every child of a worker carries. */
import { resourceOf } from '../../../contract/config-hash.ts';
import type { KubeObject, ObjectMeta, OwnerReference } from '../../cluster/cluster.ts';
import { annotations, labels, labelValue, managedBy } from '../model/names.ts';
import type { Parent } from '../model/blueprint.ts';

/** A whole object of one of Kubernetes' own kinds: a field it does not have, or of another type, does not compile. */
export type Built<Kind extends object> = KubeObject & Kind;

/** The value of the `resource` field in the config hashes of a worker. */
export function resourceOfParent({ namespace, name, uid }: Parent): string {
  return resourceOf(namespace, name, uid);
}

/** Labels that select all children of a worker. */
export function parentLabels(parent: Parent): Record<string, string> {
  return { [labels.managedBy]: managedBy, [labels.worker]: labelValue(parent.name) };
}

/**
 * The owner reference that has a child deleted with its worker. It does not have the worker wait for the child, for which
 * some clusters ask a right to the worker, and refuse it for half a minute after its kind was installed.
 */
export function ownerReference(parent: Parent): OwnerReference {
  const { apiVersion, kind, name, uid } = parent;
  return { apiVersion, kind, name, uid, controller: true };
}

/** Metadata of a child; labels and annotations of the worker itself are not copied. */
export function childMetadata(
  parent: Parent,
  name: string,
  more: { labels?: Record<string, string>; annotations?: Record<string, string> } = {},
): ObjectMeta {
  return {
    name,
    namespace: parent.namespace,
    labels: { ...parentLabels(parent), ...more.labels },
    annotations: { [annotations.worker]: parent.name, ...more.annotations },
    ownerReferences: [ownerReference(parent)],
  };
}
