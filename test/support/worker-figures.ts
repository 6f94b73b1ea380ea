/** Figures of a worker with something of everything. */
import type { WorkerFigures } from '../../operator/observability/worker-figures.ts';
import { durationBounds } from '../../operator/redis/durations.ts';

export function figures(worker: string, change: Partial<WorkerFigures> = {}): WorkerFigures {
  return {
    namespace: 'team',
    worker,
    created: '2030-01-01T00:00:00Z',
    ready: 'True',
    reason: 'ConsumersReady',
    backlog: 6,
    lag: 3,
    pending: 2,
    scheduled: 1,
    deadLetters: 4,
    oldestPending: Date.parse('2030-01-01T00:00:00Z'),
    wanted: 2,
    serving: 1,
    states: { Ready: 1, Updating: 1 },
    codes: { '200': 10, '500': 2 },
    retries: 5,
    durations: { counts: durationBounds.map((_, at) => at % 3).concat(1), sumMs: 2500 },
    restarts: 7,
    scaledOut: 2,
    scaledIn: 1,
    ...change,
  };
}
