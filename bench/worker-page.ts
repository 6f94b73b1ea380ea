/** The part of the page that tells of the Handler runtime. What earlier results do not have is left out. */
import type { PayloadRun } from './payloads.ts';
import { type Contender, type Figure, type Results, type Round, speedRatio, spreadOf } from './results.ts';
import type { Sharing } from './sharing.ts';
import { type Spread, spread } from './statistics.ts';

type Table = (head: readonly string[], rows: readonly (readonly string[])[]) => string;

const ourRecords =
  'reply, response and trace of each request, the first and the last with a time to live; requests until they are trimmed';
const leanRecords =
  'a count by the code of the answer; a response of each that failed; requests until they are trimmed';

/** What is compared, and what each leaves in Redis of a request that is done. */
const contenders: readonly (readonly [Contender, title: string, leaves: string])[] = [
  ['ours', 'our runtime', ourRecords],
  ['bound', 'the bound', 'the same; requests stay'],
  ['reference', 'reference loop', 'the same; requests stay, and stay pending'],
  ['lean', 'ours, lean', leanRecords],
  ['leanBound', 'the bound of lean', 'the same; requests stay'],
  ['chasquimq', 'ChasquiMQ, 100 workers', 'nothing: the job is deleted with its acknowledgement'],
  ['leanBesideChasquimq', 'ours, lean, on the server of ChasquiMQ', leanRecords],
  ['bullmq1', 'BullMQ, concurrency 1', 'the job with its result, and an event'],
  ['bullmq100', 'BullMQ, concurrency 100', 'the same'],
  ['bullmq1Removing', 'BullMQ, concurrency 1, removeOnComplete', 'an event'],
  ['bullmq100Removing', 'BullMQ, concurrency 100, removeOnComplete', 'an event'],
  ['delayedOurs', 'our runtime, 2 ms', 'as without the delay'],
  ['delayedReference', 'reference loop, 2 ms', 'as without the delay'],
];

export function workerParts(results: Results, table: Table): string[] {
  const { rounds, machine, server, chasquimqServer = server, notMeasured = [], pinned, quick, measured } = results;
  const has = (name: Contender) => rounds.some((round) => round[name] !== undefined);
  return [
    `Measured ${measured} with ${server} on ${machine}; ${rounds.length} interleaved rounds, median (range)${
      quick ? '; a quick run' : ''
    }. ` +
    (pinned ? 'The server is pinned to CPU 0, everything else to CPU 1.' : 'Nothing is pinned to a CPU.'),
    'Every contender answers the same requests of 100 bytes with the same handler; what it leaves behind of each is in its row, and ' +
    'only those that leave the same are of one kind. The bound sends the commands of our runtime, encoded beforehand, and only ' +
    'counts the replies. After each round every reference is looked up: one answer each, none lost.',
    ...(has('lean') ? [leanSentence] : []),
    ...(has('chasquimq') ? [chasquiSentence(server, chasquimqServer)] : []),
    ...notMeasured,
    '## Targets',
    targets(results, table),
    'No contender that leaves these records can be faster than the bound. Its column is the bound divided by the same contender: ' +
    'what this machine and its server allow at most.',
    '## Requests per second',
    throughput(rounds, table),
    ...(rounds.some(({ ours }) => ours.firstPerSecond !== undefined) ? [warmUpSentence] : []),
    `A proxy delays the replies of Redis for the last two rows; a PING takes ${results.proxyPingMs} ms through it. It runs on the CPU ` +
    'of the worker and takes its share of it.',
    '## Latency',
    'From XADD to the answer of BRPOP, one request at a time, in microseconds.',
    latencies(rounds, table),
    ...(results.sharing?.length ? sharingParts(results.sharing, table) : []),
    ...(results.payloads?.length ? payloadParts(results.payloads, table) : []),
  ];
}

const leanSentence =
  'Lean is our runtime with `stream.replies: Disabled`, `stream.responses: Failures` and `stream.traces: Disabled`. Its requests leave ' +
  'no reply to look up; after each round the counters of its group, which are raised in the transaction that acknowledges, say ' +
  'exactly as many as there were requests, and nothing is pending.';

const warmUpSentence =
  'The first 20,000 are those from the first acknowledgement of a fresh process on, and for the bound those of its run. A request is ' +
  'done when it is acknowledged, by the clock of the server; the reference loop acknowledges none, there its response counts. Per ' +
  'transaction: requests for each command that acknowledges; a bound has no fewer than its contender.';

function chasquiSentence(server: string, chasquimqServer: string): string {
  const where = chasquimqServer === server
    ? ''
    : ` It needs Redis 8.6, so it ran on ${chasquimqServer}, built for it, in the same rounds; ours lean ran there too, and is compared with it.`;
  return `ChasquiMQ is the crate \`chasquimq\` with the settings of its own benchmark of 100 workers, and without events, results, delayed and repeated jobs.${where}`;
}

function targets({ rounds, ratios }: Results, table: Table): string {
  const bound = (of: Contender, to: Contender) => speedRatio(rounds, of, to);
  const rows: readonly (readonly [string, string, number | undefined, string?, (number | undefined)?])[] = [
    ['throughput / bound, behind the first 20,000', '≥ 0.95', ratios.warmToBound, '', 1],
    ['throughput / bound, the whole run', '', ratios.throughputToBound, '', 1],
    ['the first 20,000 / those of the bound', '≥ 0.8', ratios.warmupToBound, '', 1],
    ['throughput / BullMQ, concurrency 100', '≥ 5', ratios.throughputToBullmq100, '', bound('bound', 'bullmq100')],
    ['throughput / reference loop', '', ratios.throughputToReference, '', bound('bound', 'reference')],
    ['at 2 ms round trip / reference loop', '', ratios.at2msToReference, '', bound('bound', 'delayedReference')],
    ['lean / its bound, behind the first 20,000', '≥ 0.9', ratios.leanToBound, '', 1],
    ['lean / full', '≥ 2', ratios.leanToFull, '', bound('leanBound', 'ours')],
    ['lean / ChasquiMQ, 100 workers', '≥ 1', ratios.leanToChasquimq],
    [
      'lean / BullMQ, concurrency 100, removeOnComplete',
      '≥ 10',
      ratios.leanToBullmq100,
      '',
      bound('leanBound', 'bullmq100Removing'),
    ],
    ['redis-server per request, full', '', ratios.serverUsFull, ' µs'],
    ['redis-server per request, lean', '', ratios.serverUsLean, ' µs'],
    ['latency p50 / reference loop', '≤ 0.7', ratios.latencyP50ToReference],
    ['latency p99', '≤ 1 ms', ratios.p99Ms, ' ms'],
    ['cold start, exec to answer', '≤ 45 ms', ratios.coldStartMs, ' ms'],
    ['memory at rest', '≤ 50 MB', ratios.idleRssMb, ' MB'],
    ['redis-server per request, four consumers / one', '≤ 1.1', ratios.sharingServerUs],
    ['commands of each of four consumers at rest', '≤ 1/s', ratios.idlePerSecond, '/s'],
    ['bytes of requests and replies of 100 KB / a copy', '≥ 0.8', ratios.payload100kToCopy],
    ['bytes of requests and replies of 1 MB / a copy', '≥ 0.8', ratios.payload1mToCopy],
  ];
  return table(
    ['figure', 'target', 'measured', 'the bound'],
    rows.flatMap(([title, target, value, unit = '', limit]) =>
      value === undefined ? [] : [[title, target, `${value}${unit}`, limit === undefined ? '' : `${limit}`]]
    ),
  );
}

/** A column only where somebody has the figure. */
function throughput(rounds: readonly Round[], table: Table): string {
  const found = contenders.filter(([name]) => rounds.some((round) => round[name] !== undefined));
  const columns: readonly (readonly [string, Figure])[] = ([
    ['the first 20,000', 'firstPerSecond'],
    ['worker µs/request', 'workerUs'],
    ['redis-server µs/request', 'serverUs'],
    ['per transaction', 'batch'],
  ] as const).filter(([, figure]) => found.some(([name]) => spreadOf(rounds, name, figure) !== undefined));
  const cell = (name: Contender, figure: Figure) => spreadOf(rounds, name, figure)?.median.toLocaleString('en') ?? '';
  return table(
    ['contender', 'requests/s', ...columns.map(([title]) => title), 'what it leaves behind'],
    found.map(([name, title, leaves]) => [
      title,
      show(spreadOf(rounds, name, 'perSecond')),
      ...columns.map(([, figure]) => cell(name, figure)),
      leaves,
    ]),
  );
}

function latencies(rounds: readonly Round[], table: Table): string {
  const names = [
    ['our runtime', 'latencyOurs'],
    ['reference loop', 'latencyReference'],
    ['a PING, which no worker answers', 'latencyPing'],
  ] as const;
  const rows = names.flatMap(([title, name]) => {
    const measured = rounds.flatMap((round) => round[name] ?? []);
    if (measured.length === 0) return [];
    return [[title, ...(['p50', 'p99'] as const).map((share) => show(spread(measured.map((one) => one[share]))))]];
  });
  return table(['contender', 'p50', 'p99'], rows);
}

function sharingParts(sharing: readonly Sharing[], table: Table): string[] {
  return [
    '## Consumers of one type',
    'One server, one stream; the consumers share the CPU of the worker. At rest: commands per second of each, those that scripts call ' +
    'included, while there is nothing to do.',
    table(
      ['consumers', 'requests/s', 'redis-server µs/request', 'at rest', 'which are, of all of them'],
      sharing.map(({ consumers, perSecond, serverUs, idlePerSecond, idleCommands }) => [
        ...[consumers, perSecond, serverUs, idlePerSecond].map((value) => value.toLocaleString('en')),
        Object.entries(idleCommands).map(([name, value]) => `${name} ${value}`).join(', '),
      ]),
    ),
  ];
}

function payloadParts(payloads: readonly PayloadRun[], table: Table): string[] {
  return [
    '## Large payloads',
    'A handler that gives back what it got, with the settings and the heap of a pod that says nothing (16 handlers, 128 MiB). MB are ' +
    'those that went to the server and came from it. A copy is redis-benchmark with values of the same size over 16 connections, ' +
    'one SET for each GET.',
    table(
      ['request and reply', 'requests/s', 'MB/s', 'a copy, MB/s', 'most memory of the worker'],
      payloads.map(({ bytes, perSecond, mbPerSecond, copyMbPerSecond, peakMb }) => [
        bytes < 1e6 ? `${bytes / 1000} KB` : `${bytes / 1e6} MB`,
        ...[perSecond, mbPerSecond].map((value) => value.toLocaleString('en')),
        copyMbPerSecond?.toLocaleString('en') ?? 'no redis-benchmark here',
        `${peakMb} MB`,
      ]),
    ),
  ];
}

function show(found: Spread | undefined): string {
  if (found === undefined) return '';
  const text = (value: number) => value.toLocaleString('en');
  return `${text(found.median)} (${text(found.min)} – ${text(found.max)})`;
}
