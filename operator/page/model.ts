/** What the status page shows, as it travels: plain data. Types alone, shared by who serves it and by page/. */

/** Where the page is served: by an `up` on this machine, which may also send requests; or from a cluster, read-only. */
export type PageMode = 'Local' | 'Cluster';

/** How a worker stands, in one word. */
export type Standing = 'Ready' | 'NotReady' | 'Reconciling' | 'Stalled' | 'New';

/** What a worker runs: requests of a stream, tasks of a list, or scripts, which nobody sends anything. */
export type WorkSort = 'Requests' | 'Tasks' | 'Scripts';

/** One worker in a table. What is not known is absent, never 0. */
export interface WorkerRow {
  readonly namespace: string;
  readonly name: string;
  readonly type: string;
  readonly work: WorkSort;
  readonly standing: Standing;
  /** Reason of the condition that says so. */
  readonly reason: string;
  readonly message: string;
  readonly suspended: boolean;
  /** Consumers that serve, and that are wanted. */
  readonly ready?: number;
  readonly wanted?: number;
  readonly backlog?: number;
  /** Responses per second over the last 10 to 20 seconds. */
  readonly perSecond: number;
  /** Over the window of the history. */
  readonly total: number;
  readonly failed: number;
  /** Responses per second between samples, the oldest first. */
  readonly rates: readonly number[];
}

/** All workers in a few numbers. */
export interface Totals {
  readonly workers: number;
  readonly ready: number;
  /** Consumers of all workers. */
  readonly consumersReady: number;
  readonly consumersWanted: number;
  /** Of the workers whose backlog is known, and how many there are that have one of which nothing is known. */
  readonly backlog: number;
  readonly backlogUnknown: number;
  readonly perSecond: number;
  readonly total: number;
  readonly failed: number;
}

/** The table, those in trouble first. */
export interface Overview {
  readonly mode: PageMode;
  readonly version: string;
  /** The time of who serves the page, ISO 8601: ages are told by it. */
  readonly now: string;
  readonly totals: Totals;
  /** Workers that match what was asked for; `rows` has the first of them. */
  readonly matching: number;
  readonly rows: readonly WorkerRow[];
  /** What is wrong with the manifests, one sentence each. */
  readonly problems: readonly string[];
}

/** A condition as its object has it. */
export interface ConditionRow {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
  readonly since: string;
}

/** One consumer of a worker. */
export interface ConsumerRow {
  readonly id: string;
  readonly state: string;
  readonly reason?: string;
  readonly pod?: string;
  readonly pending?: number;
  readonly restarts?: number;
  readonly lastCode?: number;
  readonly lastTime?: string;
  readonly total?: number;
  readonly failed?: number;
  readonly p50Ms?: number;
  readonly p99Ms?: number;
}

/** One module of a worker, over all its consumers. */
export interface ModuleRow {
  readonly name: string;
  readonly state: string;
  readonly calls: number;
  readonly errors: number;
  readonly restarts: number;
  readonly memoryMiB?: number;
  readonly reason?: string;
}

/** The scripts of a HATS cluster. */
export interface Scripts {
  /** How many of each kind are in each state. */
  readonly kinds: readonly { readonly kind: string; readonly counts: Readonly<Record<string, number>> }[];
  readonly crashed: readonly { readonly key: string; readonly error: string; readonly time?: string }[];
}

/** What happened between two samples, by the time of the second. */
export interface Series {
  /** Seconds since 1970. */
  readonly times: readonly number[];
  readonly succeededPerSecond: readonly number[];
  readonly failedPerSecond: readonly number[];
  /** At the time of the sample; null where it was not known. */
  readonly backlog: readonly (number | null)[];
}

/** How often a code was answered. */
export interface CodeCount {
  readonly code: string;
  readonly count: number;
  readonly isSuccess: boolean;
}

/** One worker in depth. */
export interface WorkerDepth {
  readonly now: string;
  readonly row: WorkerRow;
  readonly conditions: readonly ConditionRow[];
  readonly consumers: readonly ConsumerRow[];
  readonly omittedConsumers: number;
  /** Empty for a worker of one module. */
  readonly modules: readonly ModuleRow[];
  /** Of a worker that runs such, once its status tells of them. */
  readonly scripts?: Scripts;
  /** Over the window of the history, the most frequent first. */
  readonly codes: readonly CodeCount[];
  readonly series: Series;
  /** Of its stream, as far as they are known. */
  readonly stream: {
    readonly lag?: number;
    readonly pending?: number;
    readonly scheduled?: number;
    readonly length?: number;
    readonly oldestPendingTime?: string;
  };
  readonly scope: readonly string[];
  readonly approximations: readonly string[];
  readonly created?: string;
}

/** A dead letter; values are text fit for the eye. */
export interface DeadLetterRow {
  readonly id: string;
  readonly ref: string;
  readonly reason: string;
  readonly attempts: string;
  readonly time: string;
  readonly fields: readonly (readonly [name: string, value: string])[];
}

/** The newest dead letters, and how many there are. */
export interface DeadLetters {
  readonly count: number;
  readonly letters: readonly DeadLetterRow[];
}

/** What became of one request. */
export interface RequestTrace {
  readonly outcome: string;
  readonly sentence: string;
  /** What each place has of it: its name, and what it says. */
  readonly rows: readonly (readonly [place: string, text: string])[];
  /** Where the search ended, and what could not be read. */
  readonly notes: readonly string[];
}

/** What a request that the page sent came to. */
export interface SentRequest {
  readonly ref: string;
  /** The reply as the worker wrote it; of a task its output, or its error. */
  readonly reply?: string;
  readonly code?: number;
  readonly ms: number;
  /** Why there is no reply. */
  readonly silence?: string;
}

/** What is sent. */
export interface RequestToSend {
  /** JSON text of the field `data`; absent for a request without one. */
  readonly data?: string;
  /** Of a task, which is then sent in the place of a request: what it runs. */
  readonly script?: string;
  readonly timeoutSeconds: number;
}

/** Why something was refused, in one sentence. */
export interface Refusal {
  readonly error: string;
}
