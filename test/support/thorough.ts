/** How far tests go that try what comes by chance: the full run, which sets `REDISWORKER_THOROUGH`, goes further. */
import { env } from 'node:process';

/** Set, and not empty: as far as in the full run. */
export const thoroughVariable = 'REDISWORKER_THOROUGH';

/** Cases to try: `few` in the everyday loop, `many` in the full run. */
export function tries(few: number, many: number): { readonly numRuns: number } {
  return { numRuns: (env[thoroughVariable] ?? '') === '' ? few : many };
}

/** Set, and not empty: proofs at the length they were asked for. They take many minutes, and are run by hand. */
export const longVariable = 'REDISWORKER_LONG';

/** How much a proof of load or of killing does: `short` in every run, `long` by hand. */
export function amount(short: number, long: number): number {
  return (env[longVariable] ?? '') === '' ? short : long;
}
