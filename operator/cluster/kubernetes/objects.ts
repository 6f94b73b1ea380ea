/** Reads and writes of single objects and lists. */
import {
  type Cluster,
  ClusterError,
  type FieldManager,
  type FollowOptions,
  type KubeObject,
  type Preconditions,
  type Resource,
  resources,
} from '../cluster.ts';
import type { Call, Http, Lane } from './http.ts';
import {
  collectionPath,
  objectPath,
  type Page,
  parseObject,
  parsePage,
  resourceOf,
  selectorsOf,
  withQuery,
} from './wire.ts';

const pageSize = 500;
/** A field that the kind does not have is refused, with one sentence. */
const strict = 'Strict';
/**
 * An apply of such a field is refused in any case, since it has no owner to be. Only a text with a field twice would be
 * found as well, which nobody here writes, and to look for one the server reads every text once more.
 */
const asApplied = 'Ignore';
/**
 * No object has this version, since that is the one of an empty store: an apply that asks for it creates or conflicts.
 * A POST would not do, for its fields are not those of later applies, which then could not take them away again.
 */
const versionOfNone = '1';

/** Plain calls of the cluster port, and the apply of a person. */
export interface Objects
  extends Pick<Cluster, 'get' | 'list' | 'create' | 'apply' | 'applyStatus' | 'patch' | 'delete'> {
  applyBeside(object: KubeObject, manager: FieldManager, options?: ApplyOptions): Promise<KubeObject>;
}

/** How far an apply goes. */
export interface ApplyOptions {
  /** Takes over fields of others, which otherwise are a conflict. */
  readonly force?: boolean;
  /** The server says what would come of it, and keeps nothing. */
  readonly dryRun?: boolean;
}

/** The calls on an API server. @param onlyNamespace confines lists that name no namespace */
export function openObjects(http: Http, onlyNamespace: string | undefined): Objects {
  const patchWith = async (
    call: Pick<Call, 'lane' | 'path' | 'contentType' | 'body'>,
    preconditions: Preconditions,
  ): Promise<KubeObject> => {
    try {
      return parseObject(await http.call({ method: 'PATCH', ...call }));
    } catch (error) {
      throw asConflict(error, preconditions);
    }
  };
  const apply = (
    object: KubeObject,
    manager: FieldManager,
    subresource?: 'status',
    { force = true, dryRun = false, fieldValidation = asApplied }: ApplyOptions & { fieldValidation?: string } = {},
  ): Promise<KubeObject> => {
    const resource = resourceOf(object);
    return patchWith({
      lane: subresource === 'status' ? 'Status' : laneOf(resource),
      path: withQuery(objectPath(resource, object.metadata, subresource), {
        fieldManager: manager,
        force: String(force),
        fieldValidation,
        dryRun: dryRun ? 'All' : undefined,
      }),
      contentType: 'application/apply-patch+yaml',
      body: object,
    }, object.metadata);
  };
  return {
    get: (resource, ref) =>
      absentIfNotFound(async () => parseObject(await http.call({ method: 'GET', path: objectPath(resource, ref) }))),
    list: async (resource, options = {}) =>
      (await listAll(http, resource, { ...options, ...namespaceOf(options, onlyNamespace) })).items,
    create: (object, manager) =>
      apply({ ...object, metadata: { ...object.metadata, resourceVersion: versionOfNone } }, manager),
    apply: (object, manager) => apply(object, manager),
    applyBeside: (object, manager, { force = false, dryRun = false } = {}) =>
      apply(object, manager, undefined, { force, dryRun, fieldValidation: strict }),
    applyStatus: (object, manager) => apply(object, manager, 'status'),
    patch: (resource, ref, patch, preconditions = {}, haste) =>
      patchWith({
        lane: haste ?? laneOf(resource),
        path: withQuery(objectPath(resource, ref), { fieldValidation: strict }),
        contentType: 'application/merge-patch+json',
        body: withPreconditions(patch, preconditions),
      }, preconditions),
    async delete(resource, ref, { gracePeriodSeconds, ...preconditions } = {}) {
      const body = {
        apiVersion: 'v1',
        kind: 'DeleteOptions',
        propagationPolicy: 'Background',
        preconditions,
        gracePeriodSeconds,
      };
      const path = objectPath(resource, ref);
      await absentIfNotFound(() => http.call({ lane: laneOf(resource), method: 'DELETE', path, body }));
    },
  };
}

/** No pod starts before its policy, so nothing is to hold up a policy. */
function laneOf({ kind }: Resource): Lane {
  return kind === resources.networkPolicies.kind || kind === resources.ciliumNetworkPolicies.kind
    ? 'Policies'
    : 'Objects';
}

/** A whole list, read in pages, with the version a watch goes on from. */
export async function listAll(http: Http, resource: Resource, options: FollowOptions): Promise<Page> {
  const items: KubeObject[] = [];
  const path = collectionPath(resource, options.namespace);
  for (let next: string | undefined;;) {
    const page = parsePage(
      await http.call({
        method: 'GET',
        path: withQuery(path, { ...selectorsOf(options), limit: pageSize, continue: next }),
      }),
      resource,
    );
    items.push(...page.items);
    if (page.next === undefined) return { ...page, items };
    next = page.next;
  }
}

/** The namespace to look in: the one asked for, else the only one there is for us. */
export function namespaceOf(options: FollowOptions, onlyNamespace: string | undefined): { namespace?: string } {
  const namespace = options.namespace ?? onlyNamespace;
  return namespace === undefined ? {} : { namespace };
}

/** Nothing, where the API server says that there is none by that name. @throws ClusterError for anything else */
export async function absentIfNotFound<T>(call: () => Promise<T>): Promise<T | undefined> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof ClusterError && error.reason === 'NotFound') return undefined;
    throw error;
  }
}

/** The API server compares what a patch says of uid and resourceVersion with what is there. */
function withPreconditions(patch: object, { uid, resourceVersion }: Preconditions): object {
  if (uid === undefined && resourceVersion === undefined) return patch;
  const metadata = 'metadata' in patch && typeof patch.metadata === 'object' ? patch.metadata : {};
  return {
    ...patch,
    metadata: {
      ...metadata,
      ...(uid === undefined ? {} : { uid }),
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
    },
  };
}

/** A write that names another uid is refused as an attempt to change it; for the caller it is a conflict. */
function asConflict(error: unknown, { uid }: Preconditions): unknown {
  const changesUid = error instanceof ClusterError && error.status === 422 && uid !== undefined &&
    error.message.includes('metadata.uid');
  return changesUid
    ? new ClusterError(409, 'Conflict', `there is another object by this name now: ${error.message}`)
    : error;
}
