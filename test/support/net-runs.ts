/** How many cases the proofs try, and from which seed; both may be set from outside to search further. */
const fromEnvironment = (name: string, otherwise: number): number => Number(process.env[name] ?? otherwise);

/** The same seed gives the same cases: `REDISWORKER_PROOF_SEED`. */
export const seed = fromEnvironment('REDISWORKER_PROOF_SEED', 2026);

/** Clusters with lists to try; each is tried with hundreds of dials: `REDISWORKER_PROOF_RUNS`. */
export const numRuns = fromEnvironment('REDISWORKER_PROOF_RUNS', 200);
