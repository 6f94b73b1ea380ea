/** The section of docs/performance.md about writing a worker. */

/** As bench/results/dev-loop.json has it. */
export interface DevLoopResults {
  readonly measured: string;
  readonly machine: string;
  readonly figures: {
    readonly rounds: number;
    readonly initToReplyMs: number;
    readonly saves: number;
    readonly saveToReplyMsP50: number;
    readonly saveToReplyMsP99: number;
    readonly bundles: number;
    readonly bundleMsCold: number;
    readonly bundleMsWarm: number;
  };
}

type Table = (head: readonly string[], rows: readonly (readonly string[])[]) => string;

/** What it says. */
export function devLoopParts({ measured, machine, figures }: DevLoopResults, table: Table): string[] {
  const { rounds, initToReplyMs, saves, saveToReplyMsP50, saveToReplyMsP99 } = figures;
  const { bundles, bundleMsCold, bundleMsWarm } = figures;
  const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
  return [
    '## From the editor to a reply',
    `Measured ${measured} on ${machine}; the bundler of Deno is there already.`,
    table(['', 'target', 'measured'], [
      [
        `from \`init\` to the first reply: \`init\`, \`up\`, \`send\` (median of ${rounds})`,
        '≤ 20 s',
        seconds(initToReplyMs),
      ],
      [`from a save to a reply of the new code, median of ${saves}`, '≤ 500 ms', `${saveToReplyMsP50} ms`],
      ['the same, 99th percentile', '', `${saveToReplyMsP99} ms`],
      [`one file of a module, nothing of it in a cache (median of ${bundles})`, '', `${bundleMsCold} ms`],
      ['the same, with what the last one left', '', `${bundleMsWarm} ms`],
    ]),
  ];
}
