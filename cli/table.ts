/** The table `kubectl get` prints, from the same printer columns. */
import type { KubeObject } from '../operator/cluster/cluster.ts';
import { formatAge } from '../operator/age.ts';
import { valuesAt } from './json-path.ts';

/** A printer column of a CRD; priority 0 is always shown, above only in the wide table. */
export interface Column {
  readonly name: string;
  readonly type: string;
  readonly jsonPath: string;
  readonly priority?: number;
}

/** What shapes a table. */
export interface TableStyle {
  readonly wide: boolean;
  /** Milliseconds since 1970, for ages. */
  readonly now: number;
  /** Show the namespaces, even where all are of one. */
  readonly manyNamespaces?: boolean;
}

/** Columns are this far apart, as kubectl sets them. */
const gap = 3;

/** The lines of the table; a column NAMESPACE is there when the objects are from more than one. */
export function renderTable(
  objects: readonly KubeObject[],
  columns: readonly Column[],
  style: TableStyle,
): readonly string[] {
  const shown = [
    ...identity(objects, style.manyNamespaces),
    ...columns.filter(({ priority = 0 }) => style.wide || priority === 0),
  ];
  const header = shown.map(({ name }) => name.toUpperCase());
  const rows = [header, ...objects.map((object) => shown.map((column) => cell(object, column, style.now)))];
  return alignRows(rows);
}

/** One line per row, its cells below those of the row before. */
export function alignRows(rows: readonly (readonly string[])[]): readonly string[] {
  const columns = Math.max(0, ...rows.map(({ length }) => length));
  const widths = Array.from({ length: columns }, (_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)));
  return rows.map((row) => row.map((text, at) => text.padEnd((widths[at] ?? 0) + gap)).join('').trimEnd());
}

function identity(objects: readonly KubeObject[], manyNamespaces = false): readonly Column[] {
  const name: Column = { name: 'Name', type: 'string', jsonPath: '.metadata.name' };
  const namespaces = new Set(objects.map(({ metadata }) => metadata.namespace));
  return manyNamespaces || namespaces.size > 1
    ? [{ name: 'Namespace', type: 'string', jsonPath: '.metadata.namespace' }, name]
    : [name];
}

function cell(object: KubeObject, column: Column, now: number): string {
  const [value] = valuesAt(object, column.jsonPath);
  if (value === undefined) return '';
  if (column.type === 'date') return typeof value === 'string' ? age(value, now) : '<invalid>';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function age(time: string, now: number): string {
  const then = Date.parse(time);
  return Number.isNaN(then) ? '<invalid>' : formatAge((now - then) / 1000);
}
