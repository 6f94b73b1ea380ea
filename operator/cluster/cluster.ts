/**
 * The port to a cluster: raw JSON objects in and out, live copies of kinds, three ways to write.
 * Two homes implement it: `kubernetes/` (an API server) and `local/` (this process).
 */

/** Metadata of an object as the wire carries it; times are ISO strings. */
export interface ObjectMeta {
  name: string;
  namespace?: string;
  uid?: string;
  resourceVersion?: string;
  generation?: number;
  creationTimestamp?: string;
  deletionTimestamp?: string;
  deletionGracePeriodSeconds?: number;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  finalizers?: string[];
  ownerReferences?: OwnerReference[];
}

/** Link from a child to the object that it is deleted with. */
export interface OwnerReference {
  apiVersion: string;
  kind: string;
  name: string;
  uid: string;
  controller?: boolean;
  blockOwnerDeletion?: boolean;
}

/** Any API object; what lies beyond the metadata is for whoever knows the kind. */
export interface KubeObject {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta;
  spec?: unknown;
  status?: unknown;
  data?: unknown;
  [field: string]: unknown;
}

/** A kind and the place it is served at. */
export interface Resource {
  readonly apiVersion: string;
  readonly kind: string;
  /** Plural, lower-case name in paths. */
  readonly plural: string;
  readonly namespaced: boolean;
  /** Never listed or watched: the right to that would be the right to all objects of the kind. */
  readonly readOneByOne?: true;
}

/** Name of one object; `namespace` is absent for cluster-scoped kinds. */
export interface ObjectRef {
  readonly namespace?: string;
  readonly name: string;
}

/** What happened to an object of a followed kind. A recreated object is a delete and an add. */
export type ChangeType = 'added' | 'modified' | 'deleted';

/**
 * Told after the live copy has taken the change in.
 * @param isOurs the change is a write of this process, and the object is what that write was answered
 */
export type ChangeListener = (type: ChangeType, object: KubeObject, isOurs?: boolean) => void;

/** Which objects of a kind to follow; absent fields do not restrict. */
export interface FollowOptions {
  readonly namespace?: string;
  /** Only the object of this name. */
  readonly name?: string;
  /** Labels an object must carry with exactly these values; `null` asks for the key alone. */
  readonly labels?: Readonly<Record<string, string | null>>;
  /** `name=value` as the API server's fieldSelector takes it, for example `spec.nodeName=n1`. */
  readonly fieldSelector?: string;
  /** The part of an object that is kept; a change of what is left out is not told. Must not change its argument. */
  readonly keep?: (object: KubeObject) => KubeObject;
  /** The group an object is in, see {@link Followed.grouped}. */
  readonly group?: (object: KubeObject) => string | undefined;
}

/** A live, read-only copy of the objects of a kind; objects in it must not be changed. */
export interface Followed {
  /** Settles when the first complete list is in. Rejects only when following is given up for good. */
  readonly synced: Promise<void>;
  get(ref: ObjectRef): KubeObject | undefined;
  list(namespace?: string): readonly KubeObject[];
  /** Objects with an owner reference to this UID. */
  ownedBy(uid: string): readonly KubeObject[];
  /** Objects that {@link FollowOptions.group} puts into this group. */
  grouped(group: string): readonly KubeObject[];
  /** @returns a function that takes the listener away */
  onChange(listener: ChangeListener): () => void;
  stop(): void;
}

/** Who writes: server-side apply keeps one set of fields per manager. */
export type FieldManager = 'redisworker' | 'redisworker-status' | 'redisworker-node' | 'redisworker-cli';

/** Condition a write or delete depends on; a difference is a `ClusterError` of reason `Conflict`. */
export interface Preconditions {
  readonly uid?: string;
  readonly resourceVersion?: string;
}

/** What is told about an object to people who run `kubectl describe`. */
export interface EventRecord {
  readonly regarding: KubeObject;
  readonly type: 'Normal' | 'Warning';
  /** One CamelCase word. */
  readonly reason: string;
  /** One sentence, at most 1024 characters. */
  readonly message: string;
}

/** Everything the operator needs of a cluster. Every call may throw a {@link ClusterError}. */
export interface Cluster {
  /** Follows a kind; one object of {@link Resource.readOneByOne} needs its name and namespace. */
  follow(resource: Resource, options?: FollowOptions): Followed;
  get(resource: Resource, ref: ObjectRef): Promise<KubeObject | undefined>;
  list(resource: Resource, options?: FollowOptions): Promise<readonly KubeObject[]>;
  /** Creates an object as {@link apply} does, and fails with `Conflict` when there is one by that name, whose ever it is. */
  create(object: KubeObject, manager: FieldManager): Promise<KubeObject>;
  /** Server-side apply, forced: creates the object or takes over exactly the fields given. */
  apply(object: KubeObject, manager: FieldManager): Promise<KubeObject>;
  /** Server-side apply on the status subresource; the object must exist. */
  applyStatus(object: KubeObject, manager: FieldManager): Promise<KubeObject>;
  /**
   * JSON merge patch (RFC 7386); never creates. With a resourceVersion it fails on any change in between.
   * @param haste `Urgent` where somebody waits for it: no other call is to hold it up
   */
  patch(
    resource: Resource,
    ref: ObjectRef,
    patch: object,
    preconditions?: Preconditions,
    haste?: 'Urgent',
  ): Promise<KubeObject>;
  /** Deletes; an object that is already gone is fine. Dependents go in the background. */
  delete(resource: Resource, ref: ObjectRef, options?: Preconditions & { gracePeriodSeconds?: number }): Promise<void>;
  /** False when another process may be writing by now: every write of an object is refused, and none should go elsewhere. */
  mayWrite(): boolean;
  /** Records an event; the same event again raises its count. Never throws: failures are logged. */
  record(event: EventRecord): void;
  close(): Promise<void>;
}

/** The kinds the operator reads or writes. */
export const resources = {
  redisWorkers: {
    apiVersion: 'redisworker.dev/v1alpha1',
    kind: 'RedisWorker',
    plural: 'redisworkers',
    namespaced: true,
  },
  deployments: { apiVersion: 'apps/v1', kind: 'Deployment', plural: 'deployments', namespaced: true },
  jobs: { apiVersion: 'batch/v1', kind: 'Job', plural: 'jobs', namespaced: true },
  pods: { apiVersion: 'v1', kind: 'Pod', plural: 'pods', namespaced: true },
  configMaps: { apiVersion: 'v1', kind: 'ConfigMap', plural: 'configmaps', namespaced: true },
  secrets: { apiVersion: 'v1', kind: 'Secret', plural: 'secrets', namespaced: true, readOneByOne: true },
  services: { apiVersion: 'v1', kind: 'Service', plural: 'services', namespaced: true },
  endpointSlices: {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    plural: 'endpointslices',
    namespaced: true,
  },
  networkPolicies: {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    plural: 'networkpolicies',
    namespaced: true,
  },
  ciliumNetworkPolicies: {
    apiVersion: 'cilium.io/v2',
    kind: 'CiliumNetworkPolicy',
    plural: 'ciliumnetworkpolicies',
    namespaced: true,
  },
  serviceAccounts: { apiVersion: 'v1', kind: 'ServiceAccount', plural: 'serviceaccounts', namespaced: true },
  nodes: { apiVersion: 'v1', kind: 'Node', plural: 'nodes', namespaced: false },
  leases: { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', plural: 'leases', namespaced: true },
  events: { apiVersion: 'events.k8s.io/v1', kind: 'Event', plural: 'events', namespaced: true },
} as const satisfies Record<string, Resource>;

/** `namespace/name`, or `name` for cluster-scoped objects: the key of caches and queues. */
export function keyOf(ref: ObjectRef): string {
  return ref.namespace === undefined ? ref.name : `${ref.namespace}/${ref.name}`;
}

/** The inverse of {@link keyOf}. */
export function refOf(key: string): ObjectRef {
  const slash = key.indexOf('/');
  return slash < 0 ? { name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}

/** Why a call to the cluster failed, in the API server's own words. */
export class ClusterError extends Error {
  override readonly name = 'ClusterError';
  /** HTTP status; 0 when no answer came. */
  readonly status: number;
  /**
   * `reason` of the API server's Status (`NotFound`, `Forbidden`, `Conflict`, `Invalid`…), or `NamespaceTerminating`,
   * `Unreachable`, `Timeout`.
   */
  readonly reason: string;
  /** Milliseconds the server asks to wait before the next try. */
  readonly retryAfterMs: number | undefined;

  constructor(status: number, reason: string, message: string, retryAfterMs?: number) {
    super(message);
    this.status = status;
    this.reason = reason;
    this.retryAfterMs = retryAfterMs;
  }
}
