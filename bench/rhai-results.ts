/** What was measured of Rhai tasks, and its part of the page. */

/** Contents of bench/results/rhai.json. */
export interface RhaiResults {
  readonly measured: string;
  readonly machine: string;
  readonly figures: Readonly<Record<string, number>>;
}

type Table = (head: readonly string[], rows: readonly (readonly string[])[]) => string;

const rows = [
  ['tasksToNative', 'tasks per second / a native program with BLPOP, small scripts', '≥ 0.5'],
  ['fibToNative', 'time of fib / the native engine', '≤ 2.5'],
  ['coldStartMs', 'cold start, exec to the end of a task, ms', '≤ 80'],
  ['idleRssMb', 'memory at rest, MB', '≤ 60'],
  ['tasksPerSecond', 'tasks per second', ''],
  ['nativeTasksPerSecond', 'tasks per second of the native program', ''],
  ['fibMs', 'fib(25), ms', ''],
  ['nativeFibMs', 'fib(25) of the native engine, ms', ''],
] as const;

export function rhaiParts({ measured, machine, figures }: RhaiResults, table: Table): string[] {
  return [
    '## Rhai tasks',
    `Measured ${measured} on ${machine}, medians, beside the native Rhai in the same run. The native program pops a task and loses it when it dies; ours moves it, and ends it in one step with a row of the response stream.`,
    table(
      ['figure', 'target', 'measured'],
      rows.map(([name, title, target]) => [title, target, (figures[name] ?? 0).toLocaleString('en')]),
    ),
  ];
}
