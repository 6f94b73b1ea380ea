/** What was measured of the broker of modules, and its part of the page. */

/** Contents of bench/results/broker.json. */
export interface BrokerResults {
  readonly measured: string;
  readonly machine: string;
  readonly figures: Readonly<Record<string, number>>;
  /** The figures of @jollytoad/worker-broker 0.10, measured elsewhere. */
  readonly original: Readonly<Record<string, number>>;
}

type Table = (head: readonly string[], rows: readonly (readonly string[])[]) => string;

const targets = [
  ['callToEchoP50', 'a call to a module in a Worker / a bare postMessage echo', '≤ 1.4'],
  ['moduleToModuleToEchoP50', 'module to module / a bare echo', '≤ 2.2'],
  ['callsPerSecond256ToEcho', 'calls per second, 256 at once / bare echoes', '≥ 0.5'],
  ['callsPerSecond1024ToEcho', 'calls per second, 1024 at once / bare echoes', '≥ 0.5'],
  ['processCallToFetchP50', 'a call to a module in a process / a bare fetch over a Unix socket', '≤ 1.3'],
  ['memoryPerWorkerMb', 'memory of an idle Worker, MB', '≤ 7'],
  ['memoryPerProcessMb', 'memory of an idle process, MB', '≤ 12'],
  ['firstCallWorkerMs', 'first call of a cold module in a Worker, ms', '≤ 20'],
  ['firstCallProcessMs', 'first call of a cold module in a process, ms', '≤ 60'],
] as const;

const absolutes = [
  ['callUsP50', 'a call to a Worker, p50, µs'],
  ['moduleToModuleUsP50', 'module to module, p50, µs'],
  ['processCallUsP50', 'a call to a process, p50, µs'],
  ['bareEchoUsP50', 'a bare postMessage echo, p50, µs'],
  ['bareFetchUsP50', 'a bare fetch over a Unix socket, p50, µs'],
  ['callsPerSecond256', 'calls per second, 256 at once'],
  ['callsPerSecond1024', 'calls per second, 1024 at once'],
  ['firstCallWorkerMs', 'first call of a cold module in a Worker, ms'],
] as const;

export function brokerParts({ measured, machine, figures, original }: BrokerResults, table: Table): string[] {
  const text = (value: number | undefined) => value?.toLocaleString('en') ?? '';
  return [
    '## The broker of modules',
    `Measured ${measured} on ${machine}, medians, beside the limit of the platform in the same run.`,
    table(
      ['figure', 'target', 'measured'],
      targets.map(([name, title, target]) => [title, target, text(figures[name])]),
    ),
    'In absolute terms; the column of @jollytoad/worker-broker 0.10 was measured elsewhere, on a machine at rest.',
    table(
      ['figure', 'ours', 'the original'],
      absolutes.map(([name, title]) => [title, text(figures[name]), text(original[name])]),
    ),
  ];
}
