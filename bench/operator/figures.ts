/** What the bench of the operator finds: its figures, by names other tools rely on, and what they are to be. */

/** One of them. */
export type Figure =
  | 'workers'
  | 'consumers'
  | 'secondsToReady'
  | 'secondsToReadyPeer'
  | 'apiCallsPerWorker'
  | 'apiWritesPerWorker'
  | 'eventsPerWorker'
  | 'writesPerMinuteAtRest'
  | 'cpuSecondsPerMinuteAtRest'
  | 'redisCommandsPerSecondAtRest'
  | 'redisConnections'
  | 'rssMbIdle'
  | 'rssMb'
  | 'reconcileMsP50'
  | 'reconcileMsP99'
  | 'wakeDecisionMsP50'
  | 'wakeDecisionMsP99'
  | 'restartSecondsToWatched'
  | 'floodPerSecond'
  | 'floodCores'
  | 'floodMbMore'
  | 'secondsToReady5000'
  | 'rssMb5000';

/** All of them; one that could not be measured is absent. */
export type Figures = Partial<Record<Figure, number>>;

/** Content of bench/results/operator.json. */
export interface OperatorResults {
  readonly measured: string;
  readonly machine: string;
  /** Version of the API server, and name and version of Redis. */
  readonly kubernetes: string;
  readonly redis: string;
  readonly quick: boolean;
  readonly figures: Figures;
  /** MB the peer takes when all its workers are Ready. */
  readonly peerRssMb?: number;
  /** Why figures are absent, by the first of them. */
  readonly notMeasured: Readonly<Record<string, string>>;
}

/** A line of the page: what it says, the figure, its unit, and the most it may be. */
export interface FigureLine {
  readonly title: string;
  readonly figure: Figure;
  readonly unit: string;
  readonly most?: number;
}

/** In the order of the page. The targets hold at 1,000 workers of 3 consumers. */
export const figureLines: readonly FigureLine[] = [
  { title: 'apply to all Ready', figure: 'secondsToReady', unit: 's', most: 45 },
  { title: 'the same by the peer', figure: 'secondsToReadyPeer', unit: 's' },
  { title: 'calls to the API server per worker', figure: 'apiCallsPerWorker', unit: '', most: 14 },
  { title: 'writes per worker', figure: 'apiWritesPerWorker', unit: '', most: 9 },
  { title: 'events per worker', figure: 'eventsPerWorker', unit: '', most: 3 },
  { title: 'reconcile, p50', figure: 'reconcileMsP50', unit: 'ms' },
  { title: 'reconcile, p99', figure: 'reconcileMsP99', unit: 'ms' },
  { title: 'at rest: writes per minute', figure: 'writesPerMinuteAtRest', unit: '', most: 0 },
  { title: 'at rest: processor time per minute', figure: 'cpuSecondsPerMinuteAtRest', unit: 's', most: 1 },
  { title: 'at rest: Redis commands per second', figure: 'redisCommandsPerSecondAtRest', unit: '', most: 10 },
  { title: 'at rest: connections to Redis', figure: 'redisConnections', unit: '', most: 3 },
  { title: 'memory without a worker', figure: 'rssMbIdle', unit: 'MB', most: 90 },
  { title: 'memory with all of them', figure: 'rssMb', unit: 'MB', most: 160 },
  { title: 'wake from zero, XADD to the scale write, p50', figure: 'wakeDecisionMsP50', unit: 'ms' },
  { title: 'wake from zero, XADD to the scale write, p99', figure: 'wakeDecisionMsP99', unit: 'ms', most: 50 },
  { title: 'restart, until every worker is judged again', figure: 'restartSecondsToWatched', unit: 's', most: 3 },
  { title: 'a flood of responses, all of them counted: per second', figure: 'floodPerSecond', unit: '' },
  { title: 'the flood: processors of the operator', figure: 'floodCores', unit: '', most: 1 },
  { title: 'the flood: memory beyond that before it', figure: 'floodMbMore', unit: 'MB', most: 50 },
  { title: '5,000 workers: apply to all Ready', figure: 'secondsToReady5000', unit: 's' },
  { title: '5,000 workers: memory', figure: 'rssMb5000', unit: 'MB', most: 450 },
];
