/** Paths and queries of the API, from resources and names. */
import { type FollowOptions, type KubeObject, type ObjectRef, type Resource, resources } from '../cluster.ts';

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
  { labels, fieldSelector }: FollowOptions,
): { labelSelector: string | undefined; fieldSelector: string | undefined } {
  const terms = Object.entries(labels ?? {}).map(([key, value]) => (value === null ? key : `${key}=${value}`));
  return { labelSelector: terms.length > 0 ? terms.join(',') : undefined, fieldSelector };
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
