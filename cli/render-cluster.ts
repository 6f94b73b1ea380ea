/** A cluster that holds the documents of manifest files, and that nobody can write to. */
import {
  type Cluster,
  ClusterError,
  type Followed,
  type FollowOptions,
  keyOf,
  type KubeObject,
  type Resource,
} from '../operator/cluster/cluster.ts';
import { matches } from '../operator/cluster/local/store/live-copy.ts';

/** The cluster. @param documents each with name and namespace */
export function documentsCluster(documents: readonly KubeObject[]): Cluster {
  const list = ({ kind }: Resource, options: FollowOptions = {}): readonly KubeObject[] =>
    documents.filter((object) => object.kind === kind && matches(object, options));
  const refused = (): Promise<never> => Promise.reject(readOnly);
  return {
    follow: (resource, options) => followed(list(resource, options).map(options?.keep ?? whole), options),
    get: (resource, ref) => Promise.resolve(list(resource).find(({ metadata }) => keyOf(metadata) === keyOf(ref))),
    list: (resource, options) => Promise.resolve(list(resource, options)),
    create: refused,
    apply: refused,
    applyStatus: refused,
    patch: refused,
    delete: refused,
    mayWrite: () => false,
    record: () => undefined,
    close: () => Promise.resolve(),
  };
}

function whole(object: KubeObject): KubeObject {
  return object;
}

const readOnly = new ClusterError(405, 'MethodNotAllowed', 'what is rendered is written nowhere');

function followed(objects: readonly KubeObject[], { group }: FollowOptions = {}): Followed {
  return {
    synced: Promise.resolve(),
    get: (ref) => objects.find(({ metadata }) => keyOf(metadata) === keyOf(ref)),
    list: (namespace) => objects.filter(({ metadata }) => namespace === undefined || metadata.namespace === namespace),
    ownedBy: (uid) => objects.filter(({ metadata }) => metadata.ownerReferences?.some((owner) => owner.uid === uid)),
    grouped: (name) => objects.filter((object) => group?.(object) === name),
    onChange: () => () => undefined,
    stop: () => undefined,
  };
}
