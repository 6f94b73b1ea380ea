/**
 * A cluster inside this process: objects in memory, Deployments turned into pods for one node. It keeps
 * what the operator relies on of an API server (versions, finalizers, owners, field managers) and no more:
 * no admission by schema, no quotas, no network.
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
import { followStore } from './store/follow.ts';
import { collectGarbage } from './store/garbage.ts';
import { applyPart, type Managers, type Part, stillTrue } from './store/managed-fields.ts';
import { mergePatch } from './store/merge-patch.ts';
import { checkPreconditions, type DeleteOptions, ObjectStore } from './store/object-store.ts';
import { notFound, refTo } from './store/objects.ts';
import { matches } from './store/selectors.ts';

/** What a local cluster needs; clock and ids are the machine's unless given. */
export interface LocalClusterOptions {
  readonly log: Log;
  /** Node the pods are bound to: the one {@link startNode} runs under. */
  readonly nodeName: string;
  readonly clock?: Clock;
  /** UID of an object that is created. */
  readonly uid?: (created: KubeObject) => string;
}

/** Who may write to a local cluster: the field managers of the port, and the user's files. */
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
  const writer = new Writer(store);
  const events = new EventLog(clock, log);
  const endings = [collectGarbage(store), runDeployments({ store, nodeName, clock, log })];
  return Promise.resolve({
    follow: (resource, follow = {}) => followStore(store, resource, follow, log),
    get: soon((resource: Resource, ref: ObjectRef) => thaw(store.read(resource, ref))),
    list: soon((resource: Resource, follow: FollowOptions = {}) =>
      store.all(resource).filter((object) => matches(object, follow)).map(thaw)
    ),
    apply: soon((object: KubeObject, manager: LocalManager) => thaw(writer.apply(object, manager, 'main'))),
    applyStatus: soon((object: KubeObject, manager: FieldManager) => thaw(writer.apply(object, manager, 'status'))),
    patch: soon((resource: Resource, ref: ObjectRef, patch: object, expected?: Preconditions) =>
      thaw(writer.patch(resource, ref, patch, expected))
    ),
    delete: soon((resource: Resource, ref: ObjectRef, how?: DeleteOptions) => writer.remove(resource, ref, how)),
    record: (event) => events.record(event),
    events: () => events.list(),
    close: soon(() => endings.forEach((end) => end())),
  });
}

/** The three ways to write, with the field managers of every object. */
class Writer {
  readonly #store: ObjectStore;
  readonly #managers = new Map<string, Managers>();

  constructor(store: ObjectStore) {
    this.#store = store;
    store.onChange((type, object) => {
      if (type === 'deleted') this.#managers.delete(object.metadata.uid ?? '');
    });
  }

  apply(wanted: KubeObject, manager: string, part: Part): KubeObject {
    const applied = admit(wanted);
    const live = this.#store.read(applied, refTo(applied));
    if (live === undefined && part === 'status') throw notFound(applied.kind, refTo(applied));
    if (live !== undefined) checkPreconditions(live, preconditionsIn(applied));
    const next = applyPart(live && { object: live, managers: this.#managersOf(live) }, applied, manager, part);
    if (live !== undefined && part === 'main') checkImmutable(live, next.object);
    return this.#write(next.object, next.managers);
  }

  patch(resource: Resource, ref: ObjectRef, patch: object, expected: Preconditions = {}): KubeObject {
    const live = this.#store.read(resource, ref);
    if (live === undefined) throw notFound(resource.kind, ref);
    checkPreconditions(live, expected);
    const { status } = live;
    const patched = mergePatch(live, { ...JSON.parse(JSON.stringify(patch)), status: null }) as KubeObject;
    const next: KubeObject = { ...admit(patched), ...(status === undefined ? {} : { status }) };
    checkImmutable(live, next);
    return this.#write(next, stillTrue(this.#managersOf(live), live, next));
  }

  /** An object that is gone already is fine. */
  remove(resource: Resource, ref: ObjectRef, how?: DeleteOptions): void {
    if (this.#store.read(resource, ref) !== undefined) this.#store.remove(resource, ref, how);
  }

  #write(object: KubeObject, managers: Managers): KubeObject {
    const stored = this.#store.write(object);
    if (this.#store.hasUid(stored.metadata.uid ?? '')) this.#managers.set(stored.metadata.uid ?? '', managers);
    return stored;
  }

  #managersOf(object: KubeObject): Managers {
    return this.#managers.get(object.metadata.uid ?? '') ?? new Map<string, never>();
  }
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
