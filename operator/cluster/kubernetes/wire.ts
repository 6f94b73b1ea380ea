/** The API on the wire: paths and queries, objects, pages and lines of a watch, checked as far as this folder relies on them. */
import {
  ClusterError,
  type FollowOptions,
  type KubeObject,
  type ObjectRef,
  type Resource,
  resources,
} from '../cluster.ts';

/** Path of all objects of a kind, in one namespace when given. */
export function collectionPath({ apiVersion, plural, namespaced }: Resource, namespace?: string): string {
  const group = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  return namespaced && namespace !== undefined
    ? `${group}/namespaces/${encodeURIComponent(namespace)}/${plural}`
    : `${group}/${plural}`;
}

/** Path of one object, or of its subresource. @throws Error when a namespaced object has no namespace */
export function objectPath(resource: Resource, { namespace, name }: ObjectRef, subresource?: 'status'): string {
  if (resource.namespaced && namespace === undefined) throw new Error(`${resource.kind} "${name}" needs a namespace`);
  const path = `${collectionPath(resource, namespace)}/${encodeURIComponent(name)}`;
  return subresource === undefined ? path : `${path}/${subresource}`;
}

/** A path with its query; absent values are left out. */
export function withQuery(path: string, query: Readonly<Record<string, string | number | undefined>>): string {
  const present = Object.entries(query).filter((entry): entry is [string, string | number] => entry[1] !== undefined);
  const text = new URLSearchParams(present.map(([name, value]): [string, string] => [name, String(value)])).toString();
  return text === '' ? path : `${path}?${text}`;
}

/** The part of a list's or watch's query that says which objects. */
export function selectorsOf(
  { name, labels, fieldSelector }: FollowOptions,
): { labelSelector: string | undefined; fieldSelector: string | undefined } {
  const terms = Object.entries(labels ?? {}).map(([key, value]) => (value === null ? key : `${key}=${value}`));
  const fields = [name === undefined ? undefined : `metadata.name=${name}`, fieldSelector].filter((term) =>
    term !== undefined
  );
  return {
    labelSelector: terms.length > 0 ? terms.join(',') : undefined,
    fieldSelector: fields.length > 0 ? fields.join(',') : undefined,
  };
}

/** Where objects of this apiVersion and kind are served. @throws Error when the table of resources does not have them */
export function resourceOf({ apiVersion, kind }: Pick<KubeObject, 'apiVersion' | 'kind'>): Resource {
  const found = Object.values<Resource>(resources).find((resource) =>
    resource.apiVersion === apiVersion && resource.kind === kind
  );
  if (found === undefined) {
    throw new Error(`${kind} of ${apiVersion} is not among the resources of operator/cluster/cluster.ts`);
  }
  return found;
}

/** One page of a list. */
export interface Page {
  readonly items: readonly KubeObject[];
  /** Where a watch goes on from here. */
  readonly resourceVersion: string;
  /** Asks for the next page; undefined on the last one. */
  readonly next: string | undefined;
}

/** One line of a watch. */
export interface WatchLine {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  readonly object: unknown;
}

/** An object without the bookkeeping of server-side apply, which is large and of no use here. */
export function parseObject(value: unknown): KubeObject {
  if (!isRecord(value) || !isRecord(value['metadata']) || typeof value['metadata']['name'] !== 'string') {
    throw new ClusterError(0, 'Garbled', 'the API server sent something that is not an object with a name');
  }
  delete value['metadata']['managedFields'];
  return value as unknown as KubeObject;
}

/** A page of a list; the kind, which lists do not repeat, is put into each object. */
export function parsePage(value: unknown, { apiVersion, kind }: Resource): Page {
  const metadata = isRecord(value) ? value['metadata'] : undefined;
  if (!isRecord(value) || !isRecord(metadata) || typeof metadata['resourceVersion'] !== 'string') {
    throw new ClusterError(0, 'Garbled', `the API server sent something that is not a list of ${kind}`);
  }
  const items: unknown[] = Array.isArray(value['items']) ? value['items'] : [];
  return {
    items: items.map((item) => ({ ...parseObject(item), apiVersion, kind })),
    resourceVersion: metadata['resourceVersion'],
    next: typeof metadata['continue'] === 'string' && metadata['continue'] !== '' ? metadata['continue'] : undefined,
  };
}

const lineTypes: ReadonlySet<unknown> = new Set(['ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK', 'ERROR']);

/** One line of a watch. @throws ClusterError of reason `Garbled`, without the line's text, which may be a Secret */
export function parseWatchLine(line: string): WatchLine {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    value = undefined;
  }
  if (!isRecord(value) || !lineTypes.has(value['type'])) {
    throw new ClusterError(
      0,
      'Garbled',
      `the API server sent a line of ${line.length} characters that is no watch event`,
    );
  }
  return value as unknown as WatchLine;
}

/** The version a bookmark or an object stands for. */
export function versionOf(object: unknown): string {
  const metadata = isRecord(object) ? object['metadata'] : undefined;
  if (!isRecord(metadata) || typeof metadata['resourceVersion'] !== 'string') {
    throw new ClusterError(0, 'Garbled', 'the API server sent a watch event without a resourceVersion');
  }
  return metadata['resourceVersion'];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The wire's MicroTime: RFC 3339 with exactly six digits; the API server answers 400 to three. */
export function microTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace('Z', '000Z');
}
