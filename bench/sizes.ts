/** How much each part of the bench does. */

/** Rounds and requests per round. */
export interface Sizes {
  readonly rounds: number;
  readonly requests: {
    readonly reference: number;
    readonly ours: number;
    readonly bound: number;
    readonly lean: number;
    readonly chasquimq: number;
    readonly bullmq1: number;
    readonly bullmq100: number;
  };
  /** Through the proxy that delays replies. */
  readonly delayed: { readonly reference: number; readonly ours: number };
  readonly latencySamples: number;
  readonly coldStarts: number;
  /** For each number of consumers; and how long they are looked at while they rest. */
  readonly sharing: { readonly consumers: readonly number[]; readonly requests: number; readonly idleMs: number };
  readonly payloads: readonly { readonly bytes: number; readonly requests: number }[];
}

const whole: Sizes = {
  rounds: 5,
  requests: {
    reference: 20_000,
    ours: 200_000,
    bound: 200_000,
    lean: 400_000,
    chasquimq: 400_000,
    bullmq1: 20_000,
    bullmq100: 50_000,
  },
  delayed: { reference: 600, ours: 100_000 },
  latencySamples: 2000,
  coldStarts: 15,
  sharing: { consumers: [1, 2, 4], requests: 200_000, idleMs: 30_000 },
  payloads: [{ bytes: 100_000, requests: 4000 }, { bytes: 1_000_000, requests: 400 }],
};

const quick: Sizes = {
  rounds: 3,
  requests: {
    reference: 8_000,
    ours: 100_000,
    bound: 100_000,
    lean: 100_000,
    chasquimq: 100_000,
    bullmq1: 5_000,
    bullmq100: 20_000,
  },
  delayed: { reference: 300, ours: 60_000 },
  latencySamples: 1000,
  coldStarts: 7,
  sharing: { consumers: [1, 4], requests: 60_000, idleMs: 8000 },
  payloads: [{ bytes: 100_000, requests: 1000 }, { bytes: 1_000_000, requests: 100 }],
};

/** The small sizes when the environment says QUICK=1. */
export function sizesFrom(environment: NodeJS.ProcessEnv): Sizes {
  return environment['QUICK'] === '1' ? quick : whole;
}
