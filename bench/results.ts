/** The outcome of the worker bench: raw rounds, and what follows from them. What came with a later bench is absent in earlier results. */
import type { ColdStart } from './cold-start.ts';
import type { Latency } from './latency.ts';
import type { PayloadRun } from './payloads.ts';
import type { Sharing } from './sharing.ts';
import { significant, type Spread, spread } from './statistics.ts';
import type { Measured } from './throughput.ts';

/** A run as earlier benches recorded it: the processor time of some was not looked at. */
type Recorded = Omit<Measured, 'workerUs' | 'serverUs'> & Partial<Pick<Measured, 'workerUs' | 'serverUs'>>;

/** Everything one round measured; contenders take turns inside it. */
export interface Round {
  readonly reference: Recorded;
  readonly ours: Recorded;
  readonly bound: Recorded;
  readonly bullmq1: Recorded;
  readonly bullmq100: Recorded;
  readonly delayedReference: Recorded;
  readonly delayedOurs: Recorded;
  readonly latencyReference: Latency;
  readonly latencyOurs: Latency;
  readonly lean?: Recorded;
  readonly leanBound?: Recorded;
  readonly bullmq1Removing?: Recorded;
  readonly bullmq100Removing?: Recorded;
  /** ChasquiMQ, and ours lean on the same server, which may be a newer one than that of the others. */
  readonly chasquimq?: Recorded;
  readonly leanBesideChasquimq?: Recorded;
  /** A PING of the same client: what the machine itself does to the slowest of a hundred. */
  readonly latencyPing?: Latency;
}

/** The figures that have targets, and those the others are made of. */
export interface Ratios {
  readonly throughputToReference: number;
  readonly throughputToBound: number;
  readonly throughputToBullmq100: number;
  readonly at2msToReference: number;
  readonly latencyP50ToReference: number;
  readonly coldStartMs: number;
  readonly idleRssMb: number;
  /** Behind the first 20,000 requests, and those alone. */
  readonly warmToBound?: number;
  readonly warmupToBound?: number;
  /** Lean and its bound behind the first 20,000; the other ratios of lean are those of whole runs. */
  readonly leanToBound?: number;
  readonly leanToFull?: number;
  readonly leanToChasquimq?: number;
  /** With `removeOnComplete`. */
  readonly leanToBullmq100?: number;
  readonly p99Ms?: number;
  readonly serverUsFull?: number;
  readonly serverUsLean?: number;
  /** Of a request where four consumers share, to that of one; and commands per second of each of the four at rest. */
  readonly sharingServerUs?: number;
  readonly idlePerSecond?: number;
  /** Bytes moved, to those of plain SET and GET of the same size. */
  readonly payload100kToCopy?: number;
  readonly payload1mToCopy?: number;
}

/** Content of bench/results/worker.json. */
export interface Results {
  readonly measured: string;
  readonly machine: string;
  /** Name and version. */
  readonly server: string;
  /** That of ChasquiMQ, and of ours beside it. */
  readonly chasquimqServer?: string;
  /** Why a contender is missing, one sentence each. */
  readonly notMeasured?: readonly string[];
  readonly pinned: boolean;
  readonly quick: boolean;
  readonly proxyPingMs: number;
  readonly rounds: readonly Round[];
  readonly coldStarts: readonly ColdStart[];
  readonly sharing?: readonly Sharing[];
  readonly payloads?: readonly PayloadRun[];
  readonly ratios: Ratios;
}

/** Medians of the rounds, one divided by the other; absent where one of the two was not measured, or is too short to tell. */
export function ratiosOf(
  { rounds, coldStarts, sharing = [], payloads = [] }: Pick<Results, 'rounds' | 'coldStarts' | 'sharing' | 'payloads'>,
): Ratios {
  const p50 = (name: 'latencyOurs' | 'latencyReference') => spread(rounds.map((round) => round[name].p50)).median;
  const [one, four] = [1, 4].map((count) => sharing.find(({ consumers }) => consumers === count));
  const toCopy = (bytes: number) => {
    const { mbPerSecond, copyMbPerSecond } = payloads.find((run) => run.bytes === bytes) ?? {};
    return quotient(mbPerSecond, copyMbPerSecond);
  };
  return known({
    throughputToReference: speedRatio(rounds, 'ours', 'reference') ?? NaN,
    throughputToBound: speedRatio(rounds, 'ours', 'bound') ?? NaN,
    throughputToBullmq100: speedRatio(rounds, 'ours', 'bullmq100') ?? NaN,
    at2msToReference: speedRatio(rounds, 'delayedOurs', 'delayedReference') ?? NaN,
    latencyP50ToReference: significant(p50('latencyOurs') / p50('latencyReference')),
    coldStartMs: spread(coldStarts.map(({ ms }) => ms)).median,
    idleRssMb: spread(coldStarts.flatMap(({ restingMb }) => restingMb ?? [])).median,
    warmToBound: speedRatio(rounds, 'ours', 'bound', 'warmPerSecond'),
    warmupToBound: speedRatio(rounds, 'ours', 'bound', 'firstPerSecond'),
    leanToBound: speedRatio(rounds, 'lean', 'leanBound', 'warmPerSecond'),
    leanToFull: speedRatio(rounds, 'lean', 'ours'),
    leanToChasquimq: speedRatio(rounds, 'leanBesideChasquimq', 'chasquimq'),
    leanToBullmq100: speedRatio(rounds, 'lean', 'bullmq100Removing'),
    p99Ms: significant(spread(rounds.map(({ latencyOurs }) => latencyOurs.p99)).median / 1000),
    serverUsFull: medianOf(rounds, 'ours', 'serverUs'),
    serverUsLean: medianOf(rounds, 'lean', 'serverUs'),
    sharingServerUs: quotient(four?.serverUs, one?.serverUs),
    idlePerSecond: four?.idlePerSecond,
    payload100kToCopy: toCopy(100_000),
    payload1mToCopy: toCopy(1_000_000),
  });
}

/** The contenders whose speed is measured. */
export type Contender = Exclude<keyof Round, 'latencyReference' | 'latencyOurs' | 'latencyPing'>;

/** A figure of a contender that may be missing. */
export type Figure = 'perSecond' | 'firstPerSecond' | 'warmPerSecond' | 'workerUs' | 'serverUs' | 'batch';

/** The rounds in which it was measured; undefined when there are none. */
export function spreadOf(rounds: readonly Round[], name: Contender, figure: Figure): Spread | undefined {
  const values = rounds.flatMap((round) => round[name]?.[figure] ?? []);
  return values.length === 0 ? undefined : spread(values);
}

/** Median speed of one contender divided by that of another; undefined where one of them was not measured. */
export function speedRatio(
  rounds: readonly Round[],
  of: Contender,
  to: Contender,
  figure: Figure = 'perSecond',
): number | undefined {
  return quotient(medianOf(rounds, of, figure), medianOf(rounds, to, figure));
}

/** @throws Error naming the first round in which anything was lost, answered twice or left pending. */
export function checkCounts(round: Partial<Round>, number: number): void {
  for (const name of ['reference', 'ours', 'bound', 'delayedReference', 'delayedOurs'] as const) {
    const measured = round[name];
    if (measured === undefined) continue;
    const { requests, audit } = measured;
    const pending = name === 'reference' || name === 'delayedReference' ? requests : 0; // that loop acknowledges nothing
    if (
      audit === undefined || audit.lost + audit.answeredTwice > 0 || audit.responses !== requests ||
      audit.pending !== pending
    ) {
      throw new Error(
        `round ${number}, ${name}: the counts are wrong for ${requests} requests: ${JSON.stringify(audit)}`,
      );
    }
  }
}

function medianOf(rounds: readonly Round[], name: Contender, figure: Figure): number | undefined {
  return spreadOf(rounds, name, figure)?.median;
}

function quotient(of: number | undefined, to: number | undefined): number | undefined {
  return of === undefined || to === undefined ? undefined : significant(of / to);
}

/** Without what is undefined. */
function known<Figures extends object>(figures: { [Name in keyof Figures]: Figures[Name] | undefined }): Figures {
  return Object.fromEntries(Object.entries(figures).filter(([, value]) => value !== undefined)) as Figures;
}
