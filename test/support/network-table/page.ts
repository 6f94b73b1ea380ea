/** The table as data and as text. Pure. */
import type { Cell, Sign } from './cell.ts';
import type { Column } from './columns.ts';

/** What was measured, without what differs from run to run. */
export interface NetworkTable {
  /** What was dialled. */
  readonly columns: readonly string[];
  readonly rows: readonly TableRow[];
}

/** One worker. */
export interface TableRow {
  readonly form: string;
  readonly entry: string;
  /** Reason of the condition NetworkPolicyExact. */
  readonly exact: string;
  /** One {@link Sign} per column, with spaces between. */
  readonly signs: string;
}

/** What each sign means, in words. */
export const meanings: Readonly<Record<Sign, string>> = {
  '●': 'the worker gets through',
  '◐': 'the policy lets it through, Deno refuses',
  '✕': 'Deno lets it through, the policy refuses',
  '·': 'both refuse',
};

const [begin, end] = ['<!-- measured -->', '<!-- end of what was measured -->'] as const;

/** The table in Markdown, between marks. */
export function tableText({ columns, rows }: NetworkTable): string {
  const line = (...cells: string[]): string => `| ${cells.join(' | ')} |`;
  return [
    begin,
    `${rows.length} workers × ${columns.length} targets = ${
      rows.length * columns.length
    } cells, each measured by the policy alone and through Deno.`,
    Object.entries(meanings).map(([sign, meaning]) => `${sign} ${meaning}`).join('; ') + '.',
    [
      line('entry', 'form', 'exact', ...columns.map((_, index) => String(index + 1))),
      line(...['---', '---', '---', ...columns.map(() => ':-:')]),
      ...rows.map(({ entry, form, exact, signs }) => line(entry, form, `\`${exact}\``, ...signs.split(' '))),
    ].join('\n'),
    columns.map((title, index) => `${index + 1}. ${title}`).join('\n'),
    end,
  ].join('\n\n');
}

/** The page with its table replaced. @throws Error when it has no marks */
export function withTable(page: string, table: NetworkTable): string {
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`the page needs the marks ${begin} and ${end} for its table`);
  return page.slice(0, from) + tableText(table) + page.slice(to + end.length);
}

/**
 * Targets the policy opens although no spelling of them is in the scope: none where it claims to be exact. The cluster's
 * DNS is open to everybody.
 */
export function strays(cells: readonly Cell[], columns: readonly Column[]): string[] {
  const seenAs = ({ seen }: Column): string => `${seen?.ip} ${seen?.port} ${seen?.protocol}`;
  const meant = new Set(columns.flatMap((column, index) => (cells[index]?.deno === 'Denied' ? [] : [seenAs(column)])));
  return columns.flatMap((
    column,
    index,
  ) => (cells[index]?.raw === 'Closed' || column.seen === undefined || column.port === 53 || meant.has(seenAs(column))
    ? []
    : [column.title])
  );
}
