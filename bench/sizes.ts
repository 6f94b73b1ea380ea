/** How much each part of the bench does. */

/** Rounds and requests per round. */
export interface Sizes {
  readonly rounds: number;
  readonly requests: {
    readonly reference: number;
    readonly ours: number;
    readonly bound: number;
    readonly bullmq1: number;
    readonly bullmq100: number;
  };
  /** Through the proxy that delays replies. */
  readonly delayed: { readonly reference: number; readonly ours: number };
  readonly latencySamples: number;
  readonly coldStarts: number;
}

const whole: Sizes = {
  rounds: 5,
  requests: { reference: 20_000, ours: 200_000, bound: 200_000, bullmq1: 20_000, bullmq100: 50_000 },
  delayed: { reference: 600, ours: 100_000 },
  latencySamples: 2000,
  coldStarts: 15,
};

const quick: Sizes = {
  rounds: 3,
  requests: { reference: 8_000, ours: 150_000, bound: 150_000, bullmq1: 8_000, bullmq100: 30_000 },
  delayed: { reference: 300, ours: 60_000 },
  latencySamples: 1000,
  coldStarts: 7,
};

/** The small sizes when the environment says QUICK=1. */
export function sizesFrom(environment: NodeJS.ProcessEnv): Sizes {
  return environment['QUICK'] === '1' ? quick : whole;
}
