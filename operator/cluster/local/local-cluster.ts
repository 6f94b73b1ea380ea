/**
 * A cluster inside this process: objects in memory, Deployments turned into pods for one node. It keeps
 * what the operator relies on of an API server (versions, finalizers, owners, status apart from the rest) and no
 * more: no field managers, for here no two writers share an object's fields; no quotas, no network.
 */
import { randomUUID } from 'node:crypto';
import { type Clock, systemClock } from '../../clock.ts';
import type {
  Cluster,
  FieldManager,
  FollowOptions,
  KubeObject,
  ObjectRef,
  Preconditions,
  Resource,
} from '../cluster.ts';
import { runDeployments } from './deployments/controller.ts';
import type { Log } from './log.ts';
import { admit, checkImmutable } from './store/admission.ts';
import { EventLog, type KeptEvent } from './store/events.ts';
import { collectGarbage } from './store/garbage.ts';
import { followStore, matches } from './store/live-copy.ts';
import { checkPreconditions, type DeleteOptions, ObjectStore } from './store/object-store.ts';
import { conflict, mergePatch, notFound, refTo } from './store/objects.ts';

/** What a local cluster needs; clock and ids are the machine's unless given. */
export interface LocalClusterOptions {
  readonly log: Log;
  /** Node the pods are bound to: the one {@link startNode} runs under. */
  readonly nodeName: string;
  readonly clock?: Clock;
  /** UID of an object that is created. */
  readonly uid?: (created: KubeObject) => string;
}

/** Who writes to a local cluster: those of the port, and the user's files. It is of no matter here. */
export type LocalManager = FieldManager | 'user';

/** The port, plus what only a local cluster has. */
export interface LocalCluster extends Cluster {
  apply(object: KubeObject, manager: LocalManager): Promise<KubeObject>;
  /** The latest 1000 different events, oldest first. */
  events(): readonly KeptEvent[];
}

/** Opens an empty cluster; {@link Cluster.close} ends its controllers and empties nothing. */
export function openLocalCluster(options: LocalClusterOptions): Promise<LocalCluster> {
  const { log, nodeName, clock = systemClock, uid = () => randomUUID() } = options;
  const store = new ObjectStore({ now: () => clock.now(), uid });
  const events = new EventLog(clock, log);
  const endings = [collectGarbage(store), runDeployments({ store, nodeName, clock, log })];
  return Promise.resolve({
    follow: (resource, follow = {}) => followStore(store, resource, follow, log),
    get: soon((resource: Resource, ref: ObjectRef) => thaw(store.read(resource, ref))),
    list: soon((resource: Resource, follow: FollowOptions = {}) =>
      store.all(resource).filter((object) => matches(object, follow)).map(thaw)
    ),
    create: soon((object: KubeObject) => thaw(create(store, object))),
    apply: soon((object: KubeObject) => thaw(apply(store, object))),
    applyStatus: soon((object: KubeObject) => thaw(applyStatus(store, object))),
    patch: soon((resource: Resource, ref: ObjectRef, patch: object, expected?: Preconditions) =>
      thaw(patchObject(store, resource, ref, patch, expected))
    ),
    delete: soon((resource: Resource, ref: ObjectRef, how?: DeleteOptions) => {
      if (store.read(resource, ref) !== undefined) store.remove(resource, ref, how); // gone already is fine
    }),
    mayWrite: () => true,
    record: (event) => events.record(event),
    events: () => events.list(),
    close: soon(() => endings.forEach((end) => end())),
  });
}

function create(store: ObjectStore, wanted: KubeObject): KubeObject {
  const ref = refTo(admit(wanted));
  if (store.read(wanted, ref) !== undefined) throw conflict(wanted.kind, ref, 'is there already');
  return apply(store, wanted);
}

/** Creates an object or replaces all of it but its status, and the finalizers that others set. */
function apply(store: ObjectStore, wanted: KubeObject): KubeObject {
  const applied: KubeObject = { ...admit(wanted) };
  delete applied.status;
  const live = store.read(applied, refTo(applied));
  if (live === undefined) return store.write(applied);
  checkPreconditions(live, preconditionsIn(applied));
  const finalizers = [...new Set([...live.metadata.finalizers ?? [], ...applied.metadata.finalizers ?? []])];
  const metadata = { ...applied.metadata, ...(finalizers.length === 0 ? {} : { finalizers }) };
  const next: KubeObject = { ...applied, metadata, ...(live.status === undefined ? {} : { status: live.status }) };
  checkImmutable(live, next);
  return store.write(next);
}

/** Replaces the status alone. */
function applyStatus(store: ObjectStore, wanted: KubeObject): KubeObject {
  const applied = admit(wanted);
  const live = store.read(applied, refTo(applied));
  if (live === undefined) throw notFound(applied.kind, refTo(applied));
  checkPreconditions(live, preconditionsIn(applied));
  return store.write({ ...live, status: applied.status ?? {} });
}

function patchObject(
  store: ObjectStore,
  resource: Resource,
  ref: ObjectRef,
  patch: object,
  expected: Preconditions = {},
): KubeObject {
  const live = store.read(resource, ref);
  if (live === undefined) throw notFound(resource.kind, ref);
  checkPreconditions(live, expected);
  const { status } = live;
  const patched = mergePatch(live, { ...JSON.parse(JSON.stringify(patch)), status: null }) as KubeObject;
  const next: KubeObject = { ...admit(patched), ...(status === undefined ? {} : { status }) };
  checkImmutable(live, next);
  return store.write(next);
}

function preconditionsIn({ metadata: { uid, resourceVersion } }: KubeObject): Preconditions {
  return { ...(uid === undefined ? {} : { uid }), ...(resourceVersion === undefined ? {} : { resourceVersion }) };
}

/** A caller's own copy: what the store keeps is frozen. */
function thaw<T extends KubeObject | undefined>(object: T): T {
  return structuredClone(object);
}

/** Runs a synchronous step as the port wants it: what it throws becomes a rejection. */
function soon<A extends unknown[], R>(step: (...args: A) => R): (...args: A) => Promise<R> {
  return (...args) => new Promise((resolve) => resolve(step(...args)));
}
