/** Answers of the API server, checked as far as this folder relies on them. */
import { ClusterError, type KubeObject, type Resource } from '../cluster.ts';

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
