/**
 * Who may read /metrics, or the status page: the API server is asked who a token belongs to and whether they may. What it
 * said is kept for a while, since collectors and pages come every few seconds; tokens are not.
 */
import { createHash } from 'node:crypto';
import type { Clock } from '../clock.ts';

/** What became of a request. */
export type Verdict =
  | { readonly kind: 'Allowed' }
  | { readonly kind: 'Unauthenticated' }
  | { readonly kind: 'Forbidden'; readonly user: string }
  /** It could not be found out; `why` holds no secret. */
  | { readonly kind: 'Unknown'; readonly why: string };

/** Judges a request by its Authorization header. Never rejects. */
export type Guard = (authorization: string | undefined) => Promise<Verdict>;

/** What the guard stands on. */
export interface GuardOptions {
  /** Asks the API server. @throws Error with a sentence when it does not answer */
  readonly review: (token: string) => Promise<Verdict>;
  readonly clock: Clock;
  /** Verdicts that are kept at most. */
  readonly keptMost?: number;
  /** Reviews under way at most: a flood of made-up tokens is not passed on to the API server. */
  readonly askedMost?: number;
}

/** How long a verdict holds, in ms: a right that is taken away, or given, is seen that late. */
const holdsMs = { Allowed: 60_000, Unauthenticated: 10_000, Forbidden: 10_000, Unknown: 0 } as const;

/** Makes a guard with an empty memory. */
export function metricsGuard({ review, clock, keptMost = 256, askedMost = 8 }: GuardOptions): Guard {
  const kept = new Map<string, { readonly verdict: Verdict; readonly until: number }>();
  const asked = new Map<string, Promise<Verdict>>();
  const keep = (digest: string, verdict: Verdict): void => {
    kept.delete(digest);
    const [oldest] = kept.keys();
    if (kept.size >= keptMost && oldest !== undefined) kept.delete(oldest);
    kept.set(digest, { verdict, until: clock.now() + holdsMs[verdict.kind] });
  };
  const ask = async (digest: string, token: string): Promise<Verdict> => {
    const verdict = await review(token).catch((error: unknown): Verdict => ({
      kind: 'Unknown',
      why: error instanceof Error ? error.message : String(error),
    }));
    asked.delete(digest);
    if (verdict.kind !== 'Unknown') keep(digest, verdict);
    return verdict;
  };
  return async (authorization) => {
    const [, token] = /^Bearer +(\S+)$/i.exec(authorization ?? '') ?? [];
    if (token === undefined) return { kind: 'Unauthenticated' };
    const digest = createHash('sha256').update(token).digest('base64');
    const known = kept.get(digest);
    if (known !== undefined && clock.now() < known.until) return known.verdict;
    const underWay = asked.get(digest);
    if (underWay !== undefined) return await underWay;
    if (asked.size >= askedMost) return { kind: 'Unknown', why: 'too many ask at once, try again' };
    const verdict = ask(digest, token);
    asked.set(digest, verdict);
    return await verdict;
  };
}
