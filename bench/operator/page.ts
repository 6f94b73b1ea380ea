/** The section of docs/performance.md about the operator. */
import { figureLines, type Figures, type OperatorResults } from './figures.ts';

/** Paragraphs and a table, from what was measured. */
export function operatorParts(
  results: OperatorResults,
  table: (head: readonly string[], rows: readonly (readonly string[])[]) => string,
): string[] {
  const { measured, machine, kubernetes, redis, figures, peerRssMb, notMeasured } = results;
  const { workers = 0, consumers = 0, secondsToReady, secondsToReadyPeer, secondsToReady5000 } = figures;
  const ratios = [
    ...timesAsLong('It took ours', secondsToReady, 'the peer', secondsToReadyPeer, 1.2),
    ...timesAsLong('5,000 workers took', secondsToReady5000, 'these', secondsToReady, 6),
  ];
  const peer = peerRssMb === undefined ? '' : ` It takes ${peerRssMb} MB then.`;
  const missing = Object.entries(notMeasured).map(([part, why]) => `Not measured in "${part}": ${why}.`);
  return [
    '## The operator',
    `${workers.toLocaleString('en')} workers of ${
      consumers / workers
    } consumers each, with inline code: measured ${measured} on ` +
    `${machine}, with a real API server (${kubernetes}), its controllers and scheduler, nodes of kwok, and ${redis} where each ` +
    'worker has a user of its own. The operator is the one of the image, with its default flags and the Lease. All of it, ' +
    'and what applies and watches the workers, shares the machine.',
    table(
      ['figure', 'target', 'measured'],
      figureLines.map((line) => [line.title, targetOf(line), shown(figures, line)]),
    ),
    'The peer is an operator on controller-runtime in `bench/peers/operator-go`: default settings but for the limit of its ' +
    `client, which is lifted; it makes the same objects of the same manifests and knows no Redis.${
      [peer, ...ratios].join('')
    }`,
    'Calls and writes are counted from the audit log, without the Lease; writes are without events. A wake is seen by a watch ' +
    'on Deployments; the next one waits until the one before has led to a pod, and its status says so. The restart begins with the start of the new process; the old one was ended as the kubelet does. The flood goes into ' +
    'one response stream for 20 seconds.',
    ...missing,
  ];
}

function timesAsLong(
  who: string,
  of: number | undefined,
  than: string,
  to: number | undefined,
  most: number,
): string[] {
  if (of === undefined || to === undefined) return [];
  return [` ${who} ${(of / to).toFixed(2)} times as long as ${than}; target: ≤ ${most}.`];
}

function targetOf({ most, unit }: (typeof figureLines)[number]): string {
  if (most === 0) return '0';
  return most === undefined ? '' : `≤ ${most}${spaced(unit)}`;
}

function shown(figures: Figures, { figure, unit }: (typeof figureLines)[number]): string {
  const value = figures[figure];
  return value === undefined ? '' : `${value.toLocaleString('en')}${spaced(unit)}`;
}

function spaced(unit: string): string {
  return unit === '' ? '' : ` ${unit}`;
}
