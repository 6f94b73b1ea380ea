/** What the rows of `redisworker top` have in common: rates between looks, an order, and how numbers are shown. Pure. */
import { keyOf, type KubeObject } from '../operator/cluster/cluster.ts';
import { type Look, rateOf } from './rates.ts';
import type { SortKey } from './top-sort.ts';

/** Totals of everything that was shown, as they were seen. */
export type History = ReadonlyMap<string, { readonly total: readonly Look[]; readonly failed: readonly Look[] }>;

/** What shapes the table. */
export interface TopStyle {
  readonly consumers: boolean;
  readonly sort: SortKey;
  readonly manyNamespaces: boolean;
  /** Totals may be as old as this. */
  readonly freshMs: number;
  /** Milliseconds since 1970, for ages. */
  readonly now: number;
}

/** A row, with what it is sorted by. */
export interface Row {
  readonly name: string;
  readonly cells: readonly string[];
  /** Whether it is well. */
  readonly ready: boolean;
  readonly rate: number | undefined;
  readonly failures: number | undefined;
  readonly backlog: number | undefined;
  readonly latency: number | undefined;
}

/** Totals that rates are measured from, and what they are remembered by. */
export interface Counted {
  readonly key: string;
  readonly total: number | undefined;
  readonly failed: number | undefined;
}

/** How fast both totals grow, as far as that is known. */
export function ratesOf({ key, total, failed }: Counted, history: History, { freshMs }: TopStyle) {
  const looks = history.get(key);
  return {
    rate: total === undefined ? undefined : rateOf(looks?.total ?? [], freshMs),
    failures: failed === undefined ? undefined : rateOf(looks?.failed ?? [], freshMs),
  };
}

/** The cells in the order asked for; what is not known comes last. */
export function inOrder(rows: readonly Row[], sort: SortKey): readonly (readonly string[])[] {
  return rows.toSorted(order(sort)).map(({ cells }) => cells);
}

function order(by: SortKey): (one: Row, other: Row) => number {
  const named = (one: Row, other: Row): number => one.name.localeCompare(other.name, 'en', { numeric: true });
  if (by === 'name') return named;
  if (by === 'ready') return (one, other) => Number(one.ready) - Number(other.ready) || named(one, other);
  return (one, other) => (other[by] ?? -1) - (one[by] ?? -1) || named(one, other);
}

/** A worker by its name, with its namespace where there are many. */
export function nameOf({ metadata }: KubeObject, { manyNamespaces }: TopStyle): string {
  return manyNamespaces ? keyOf(metadata) : metadata.name;
}

/** Stands for what is not known. */
export const unknown = '-';

/** A rate as a cell has it. */
export function rateText(rate: number | undefined): string {
  return rate === undefined ? unknown : `${rate >= 100 ? Math.round(rate) : Math.round(rate * 10) / 10}/s`;
}

/** A number as a cell has it. */
export function text(value: number | undefined): string {
  return value === undefined ? unknown : String(value);
}
