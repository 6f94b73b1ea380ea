/** What is measured of one worker, for metrics that name it. What is not known is absent, never 0. */
import type { Durations } from '../redis/durations.ts';

/** Figures of one worker. */
export interface WorkerFigures {
  readonly namespace: string;
  readonly worker: string;
  /** Workers are named in this order, and the rest is only added up. */
  readonly created: string;
  /** Its condition Ready. */
  readonly ready: string;
  readonly reason: string;
  readonly backlog?: number | undefined;
  readonly lag?: number | undefined;
  readonly pending?: number | undefined;
  readonly scheduled?: number | undefined;
  readonly deadLetters?: number | undefined;
  /** Milliseconds since 1970. */
  readonly oldestPending?: number | undefined;
  readonly wanted?: number | undefined;
  readonly serving?: number | undefined;
  /** Consumers by their state in the status. */
  readonly states: Readonly<Record<string, number>>;
  readonly codes: Readonly<Record<string, number>>;
  readonly retries: number;
  readonly durations?: Durations | undefined;
  readonly restarts: number;
  readonly scaledOut: number;
  readonly scaledIn: number;
}

/** Workers that metrics name unless somebody says otherwise. */
export const defaultPerWorkerLimit = 1000;

/** Workers with metrics of their own: the oldest, so that none comes and goes. */
export function chosen(
  all: readonly WorkerFigures[],
  limit: number,
): { readonly named: readonly WorkerFigures[]; readonly rest: readonly WorkerFigures[] } {
  if (all.length <= limit) return { named: all, rest: [] };
  const key = ({ created, namespace, worker }: WorkerFigures): string => `${created} ${namespace}/${worker}`;
  const byAge = all.map((figures) => [key(figures), figures] as const).sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([, figures]) => figures);
  return { named: byAge.slice(0, limit), rest: byAge.slice(limit) };
}
