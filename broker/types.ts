/** The types people use: those of a broker, of its proxies, and of what a module is told about a call. */

/** Where a module is: an absolute URL, or inside a module one relative to it. */
export type ModuleSpecifier = string | URL;

/** A module, and whose instance of it: each segregation id has a worker of its own. */
export type WorkerSpecifier = ModuleSpecifier | readonly [ModuleSpecifier, segregationId?: string];

/** Any function. */
// deno-lint-ignore no-explicit-any
export type Fn = (...args: any[]) => any;

/** A function of a module, as it is called through a broker. */
export type ProxiedFn<F extends Fn> = (...args: Parameters<F>) => Promise<Awaited<ReturnType<F>>>;

/** All functions of a module, as they are called through a broker. */
export type WorkerProxy<M> = { [P in keyof M]: M[P] extends Fn ? ProxiedFn<M[P]> : never };

/** Bounds of the calls one proxy makes. */
export interface CallOptions {
  /** Ends the wait: the call rejects with the signal's reason, and the function's own `this.signal` is aborted. */
  readonly signal?: AbortSignal;
  /** Milliseconds a call may take, the time it waits for its turn included. */
  readonly timeoutMs?: number;
}

/** What makes proxies: a broker, and inside a module what {@link brokerProxy} gives. */
export interface WorkerProxyFactory {
  /** All functions of a module. */
  workerProxy<M>(worker: WorkerSpecifier, options?: CallOptions): WorkerProxy<M>;
  /** One function of a module. */
  workerFnProxy<F extends Fn>(worker: WorkerSpecifier, functionName: string, options?: CallOptions): ProxiedFn<F>;
}

/** A call, as the function called finds it in `this`, and as the functions around a call are given it. */
export interface WorkerMsgCall<F extends Fn = Fn> {
  readonly kind: 'call';
  readonly id: string;
  readonly targetModule: string;
  readonly targetSegregationId?: string;
  /** Who calls, as the broker knows it; absent for the program that owns the broker. No module can say it is another. */
  readonly sourceModule?: string;
  readonly sourceSegregationId?: string;
  readonly functionName?: string;
  readonly args?: Parameters<F>;
  /** What telemetry carries along. */
  readonly context?: TelemetryContext;
  /** Aborted when the caller waits no longer. */
  readonly signal: AbortSignal;
}

/** What a call came to. */
export interface WorkerMsgResult<F extends Fn = Fn> extends Omit<WorkerMsgCall<F>, 'kind'> {
  readonly kind: 'result';
  readonly result?: Awaited<ReturnType<F>>;
  readonly error?: unknown;
}

/** A call or what it came to. */
export type WorkerMsg<F extends Fn = Fn> = WorkerMsgCall<F> | WorkerMsgResult<F>;

/** Makes the Worker of a module. */
export type WorkerSupplier = (moduleSpecifier: URL, segregationId?: string) => Worker;

/** Says by which key the worker of a module is found; modules of one key share it. The URL has no hash. */
export type WorkerKeySupplier = (moduleSpecifier: URL, segregationId?: string) => string;

/** Is told what becomes of workers, to end those it no longer wants. */
export type WorkerCleaner = (event: WorkerEvent | WorkerBrokerEvent) => void;

/** Is run in the worker around a call. */
export type WorkerCallAdvice<F extends Fn = Fn> = (message: WorkerMsgCall<F>) => void | Promise<void>;

/** What runs in the worker around the calls. */
export interface WorkerCallOptions {
  /** Once, before the first module is imported. What it throws, every call of this worker rejects with. */
  readonly initialCall?: WorkerCallAdvice;
  /** Before each function. What it throws, the call rejects with. */
  readonly beforeCall?: WorkerCallAdvice;
  /** After each function, whatever became of it. */
  readonly afterCall?: WorkerCallAdvice;
}

/** What became of one worker. */
export interface WorkerEvent extends WorkerCounts {
  /** `create` when it was made, `get` when a call or `getWorker` asked for it, `remove` when the broker let go of it. */
  readonly type: 'create' | 'get' | 'remove';
  readonly worker: Worker;
  /** What the broker knows the worker by: opaque, and unique among the workers there are. */
  readonly key: string;
  readonly moduleSpecifier: URL;
  readonly segregationId?: string;
  readonly broker: BrokerOfEvents;
  /** Why it is over, of `remove`. */
  readonly reason?: unknown;
}

/** Calls of a worker that have ended, and those of them that rejected. */
export interface WorkerCounts {
  readonly calls: number;
  readonly errors: number;
}

/** A worker as it is. */
export interface WorkerState extends WorkerCounts {
  readonly moduleSpecifier: URL;
  readonly segregationId?: string;
  readonly isolation: Isolation;
  readonly isBusy: boolean;
  /** What its process takes, or the heap of its thread, as it said itself the last time; absent before that. */
  readonly memoryBytes?: number;
}

/** The broker was terminated, with every worker of it. */
export interface WorkerBrokerEvent {
  readonly type: 'terminate';
  readonly broker: BrokerOfEvents;
}

/** What a cleaner may ask of the broker. */
export interface BrokerOfEvents {
  /** Lets go of a worker and ends it; its calls reject. */
  removeWorker(worker: WorkerSpecifier): void;
  /** Whether calls to the worker, or streams of theirs, are under way. */
  isBusy(worker: WorkerSpecifier): boolean;
}

/**
 * `Worker`: a thread of this process, for modules that trust each other not to bring it down.
 * `Process`: a process of its own, which is ended when it does not answer, for code nobody trusts.
 */
export type Isolation = 'Worker' | 'Process';

/** What a module may do. What is not named is refused. */
export interface ModulePermissions {
  /** Entries of `--allow-net`; `true` for everything. */
  readonly net?: readonly string[] | true;
  /** Entries of `--deny-net`, for a process of its own: of a Worker they are those of this process. */
  readonly denyNet?: readonly string[];
  /** Names of environment variables. */
  readonly env?: readonly string[];
  /** Files and folders beside the module's own file: what it imports from disk has to be among them. */
  readonly read?: readonly (string | URL)[];
  /** Files and folders. */
  readonly write?: readonly (string | URL)[];
  /** Hosts that code may be imported from; nothing else is fetched. */
  readonly import?: readonly string[];
}

/** How a module is run. */
export interface ModuleSettings {
  /** [Worker] */
  readonly isolation?: Isolation;
  /**
   * Absent: a Worker may what this process may, a process of its own may read its own file. For a Worker it takes
   * Deno's `--unstable-worker-options`.
   */
  readonly permissions?: ModulePermissions;
  /** Calls it runs at once [1024]; further ones wait. */
  readonly concurrency?: number;
  /** Calls that may wait [10000]; further ones are refused at once. */
  readonly waiting?: number;
  /** Calls it may have under way to other modules [1024]; further ones are refused at once. */
  readonly outgoing?: number;
  /** Milliseconds a call may take when the proxy does not say [no bound]. */
  readonly timeoutMs?: number;
  /** Milliseconds in which it has to show it is alive after a call was given up; else it is ended [1000]. */
  readonly graceMs?: number;
  /** Milliseconds without a call after which it is ended [never]. */
  readonly idleMs?: number;
  /** Module that sets `self.onmessage` to what {@link onmessage} gives, in the place of ours. */
  readonly entry?: string | URL;
  /** Names a process of its own may import, and what each stands for, beside those of this library. */
  readonly imports?: Readonly<Record<string, string | URL>>;
  /** What runs a process of its own: a path, or a name that is looked up in `PATH` [the program of this process]. */
  readonly program?: string;
  /** MiB of the heap of a process of its own [128]. */
  readonly memoryMiB?: number;
  /** Whether it may call another module [yes]. */
  readonly mayCall?: (target: URL, functionName: string | undefined, segregationId: string | undefined) => boolean;
}

/** Options of a broker; the settings are those of every module that {@link WorkerBrokerOptions.settingsOf} says nothing of. */
export interface WorkerBrokerOptions extends ModuleSettings {
  readonly workerKeySupplier?: WorkerKeySupplier;
  /** Makes the Workers; a module in a process of its own is not asked for here. */
  readonly workerConstructor?: WorkerSupplier;
  readonly workerCleaner?: WorkerCleaner;
  /** Settings of one module, where they differ. */
  readonly settingsOf?: (moduleSpecifier: URL, segregationId?: string) => ModuleSettings;
}

/** What carries a trace through a call; it has to be cloneable. */
export type TelemetryContext = unknown;

/** What a broker and its workers tell about their calls, and to whom. */
export interface Telemetry {
  /** Runs `fn` in a span of that name, and ends the span when it has settled. */
  msgSpan<T>(spanName: string, message: WorkerMsg, fn: (tools: TelemetryTools) => Promise<T>): Promise<T>;
  /** What the other side continues the trace by. */
  marshalContext(): TelemetryContext;
  /** Entry module of the Workers, which sets the same telemetry there. */
  readonly defaultWorkerModule?: string;
}

/** What is at hand inside a span. */
export interface TelemetryTools {
  /** Notes that something happened. */
  event(name: string): void;
}
