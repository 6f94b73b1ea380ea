/** The outcome of the worker bench: raw rounds, and what follows from them. */
import type { ColdStart } from './cold-start.ts';
import type { Latency } from './latency.ts';
import { significant, type Spread, spread } from './statistics.ts';
import type { Measured } from './throughput.ts';

/** Everything one round measured; contenders take turns inside it. */
export interface Round {
  readonly reference: Measured;
  readonly ours: Measured;
  readonly bound: Measured;
  readonly bullmq1: Measured;
  readonly bullmq100: Measured;
  readonly delayedReference: Measured;
  readonly delayedOurs: Measured;
  readonly latencyReference: Latency;
  readonly latencyOurs: Latency;
}

/** The figures that have targets. */
export interface Ratios {
  readonly throughputToReference: number;
  readonly throughputToBound: number;
  readonly throughputToBullmq100: number;
  readonly at2msToReference: number;
  readonly latencyP50ToReference: number;
  readonly coldStartMs: number;
  readonly idleRssMb: number;
}

/** Content of bench/results/worker.json. */
export interface Results {
  readonly measured: string;
  readonly machine: string;
  /** Name and version. */
  readonly server: string;
  readonly pinned: boolean;
  readonly quick: boolean;
  readonly proxyPingMs: number;
  readonly rounds: readonly Round[];
  readonly coldStarts: readonly ColdStart[];
  readonly ratios: Ratios;
}

/** Medians of the rounds, one divided by the other. */
export function ratiosOf(rounds: readonly Round[], coldStarts: readonly ColdStart[]): Ratios {
  const p50 = (name: 'latencyOurs' | 'latencyReference') => spread(rounds.map((round) => round[name].p50)).median;
  return {
    throughputToReference: speedRatio(rounds, 'ours', 'reference'),
    throughputToBound: speedRatio(rounds, 'ours', 'bound'),
    throughputToBullmq100: speedRatio(rounds, 'ours', 'bullmq100'),
    at2msToReference: speedRatio(rounds, 'delayedOurs', 'delayedReference'),
    latencyP50ToReference: significant(p50('latencyOurs') / p50('latencyReference')),
    coldStartMs: spread(coldStarts.map(({ ms }) => ms)).median,
    idleRssMb: spread(coldStarts.flatMap(({ restingMb }) => restingMb ?? [])).median,
  };
}

/** The contenders whose speed is measured. */
export type Contender = Exclude<keyof Round, 'latencyReference' | 'latencyOurs'>;

export function speedOf(rounds: readonly Round[], name: Contender): Spread {
  return spread(rounds.map((round) => round[name].perSecond));
}

/** Median speed of one contender divided by that of another. */
export function speedRatio(rounds: readonly Round[], of: Contender, to: Contender): number {
  return significant(speedOf(rounds, of).median / speedOf(rounds, to).median);
}

/** @throws Error naming the first round in which anything was lost, answered twice or left pending. */
export function checkCounts(round: Round, number: number): void {
  for (const name of ['reference', 'ours', 'bound', 'delayedReference', 'delayedOurs'] as const) {
    const { requests, audit } = round[name];
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
