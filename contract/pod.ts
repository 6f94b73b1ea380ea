/**
 * The inside of a worker pod: where the image keeps its files, where volumes are mounted and which
 * environment variables configure the runtime. The operator builds pods from these names, the
 * worker runtime and the script runner read them.
 */

import type { TaskFields } from './tasks.ts';

/** Folder of the image that holds `worker/`, as this repository does; there each entry is one file with all it imports. */
export const imageRoot = '/redisworker';

/** Entry of the Handler runtime: `deno run … main.js <hash key>`. JavaScript, which starts sooner than TypeScript. */
export const handlerEntry = `${imageRoot}/worker/main.js`;

/** Entry of the Hats runtime: `deno run … hats.js <hash key>`. */
export const hatsEntry = `${imageRoot}/worker/hats.js`;

/** Entry of the Rhai runtime, and the engine it loads. */
export const rhaiEntry = `${imageRoot}/worker/rhai.js`;
export const rhaiEngine = `${imageRoot}/worker/rhai/engine.wasm`;

/** Entry of the Modules runtime, and the folder of the broker, whose files modules and what runs them import. */
export const modulesEntry = `${imageRoot}/worker/modules.js`;
export const brokerFolder = `${imageRoot}/broker`;

/** Import map of what modules import by name that are threads of the runtime; the others are given the same names. */
export const modulesImportMapFile = `${imageRoot}/worker/modules-import-map.json`;

/** What a module finds under the name `redisworker`: what it may answer with. */
export const sharedModule = `${imageRoot}/worker/mod.js`;

/** Folder the runtime writes the modules into, each as one file. */
export const modulesMount = '/tmp/redisworker-modules';

/** Entry of the Script runtime, and of planned recycling: `deno run … runner.js <hash key> -- <child command>`. */
export const runnerEntry = `${imageRoot}/worker/runner.js`;

/**
 * Flags of V8 both entries are started with. Their functions are compiled when the file is, so that Deno's cache has them all.
 * No object is made old from its birth on: requests come and go, and old garbage keeps younger garbage alive. And the
 * garbage is collected by the thread that made it: a pod has one processor or less, and would wait for the others.
 * V8 refuses what was cached under other flags, so whoever warms a cache names them too.
 */
export const v8Flags = '--no-lazy,--no-allocation-site-pretenuring,--single-threaded-gc';

/**
 * The same where the module is too large for one ConfigMap: what of it is never called is not compiled, or 8 MiB of code
 * take 290 MB and nine seconds instead of 42 MB and two.
 */
export const lazyV8Flags = '--no-allocation-site-pretenuring,--single-threaded-gc';

/** Import map that resolves the bare specifier `redisworker` to the public types of the runtime. */
export const importMapFile = `${imageRoot}/worker/import_map.json`;

/** Folder the source ConfigMap is mounted at, and the module in it. */
export const sourceMount = '/run/redisworker/source';
export const sourceFileName = 'worker.ts';

/** The same of a module that was bundled: JavaScript, which Deno has nothing to translate of. */
export const bundleFileName = 'worker.js';

/**
 * Where a module that lies in several ConfigMaps is made one file again, before anything of it runs. Only our own code may
 * write there, and it gives that up.
 */
export const joinedMount = '/tmp/redisworker-source';

/** Folder the secrets are mounted at, and the files in it. */
export const secretMount = '/run/redisworker/secret';
export const keyFileName = 'key';
export const redisPasswordFileName = 'redis-password';
export const redisSentinelPasswordFileName = 'redis-sentinel-password';
export const redisCaFileName = 'redis-ca.crt';
export const redisCertFileName = 'redis-tls.crt';
export const redisKeyFileName = 'redis-tls.key';

/** Writable scratch folder: an emptyDir. */
export const scratchMount = '/tmp';

/** Container ports. A node without pod networks moves each to a free port, see cluster/local. */
export const healthPort = 8085;
export const scriptRedisPort = 6379;
/** Where a worker with spec.http answers, and what the port is called: its Service and its policy lead there. */
export const httpPort = 8080;
export const httpPortName = 'http';

/** Names of the environment variables of a worker container. */
export const env = {
  /** The address as contract/redis-address.ts reads it, never with credentials. */
  redisUrl: 'REDIS_URL',
  redisUsername: 'REDIS_USERNAME',
  /** Paths of files, absent when there is none. */
  redisPasswordFile: 'REDIS_PASSWORD_FILE',
  /** Who to be at the Sentinels, which know other users than the servers they watch. */
  redisSentinelUsername: 'REDIS_SENTINEL_USERNAME',
  redisSentinelPasswordFile: 'REDIS_SENTINEL_PASSWORD_FILE',
  redisCaFile: 'REDIS_CA_FILE',
  /** Certificate and key the process shows to Redis. */
  redisCertFile: 'REDIS_CERT_FILE',
  redisKeyFile: 'REDIS_KEY_FILE',
  /** Name the certificate of Redis must carry; absent = the host of the URL. */
  redisServerName: 'REDIS_SERVER_NAME',
  /** Lowest version of TLS, one of `tlsVersions`. */
  redisMinTlsVersion: 'REDIS_MIN_TLS_VERSION',
  keyFile: 'WORKER_KEY_FILE',
  /** Path of the user's module. */
  source: 'WORKER_SOURCE',
  /** Folder with the pieces it is to be made of first, compressed; absent: it is there as it is. */
  sourcePieces: 'WORKER_SOURCE_PIECES',
  /** Digest of the user's module: `sha256-<hex>`. */
  sourceDigest: 'WORKER_SOURCE_DIGEST',
  /** JSON of {@link HandlerSettings}. */
  settings: 'WORKER_SETTINGS',
  /** `host:port` the health endpoint listens on. */
  healthAddress: 'HEALTH_ADDRESS',
  /** `host:port` to answer on over HTTP; absent: nobody calls this worker so. */
  httpAddress: 'HTTP_ADDRESS',
  podUid: 'POD_UID',
  podName: 'POD_NAME',
  /** `host:port` of the operator's canary, which a closed network refuses; absent = there is no gate. */
  networkCanary: 'NETWORK_CANARY',
  /** {@link Enforcement}: whether user code may run on a network that is not known to be closed. */
  networkEnforcement: 'NETWORK_ENFORCEMENT',
  /** What the runner found at the gate, for the runtime it starts: that one then has none of its own. */
  networkGate: 'NETWORK_GATE',
} as const;

/** Flags of Deno for what others wrote: no prompt, and no file of the image or the network decides anything. */
export const closedFlags: readonly string[] = ['--no-prompt', '--no-config', '--no-lock', '--no-remote', '--no-npm'];

/**
 * Deno sends fetch through the proxy these name, whatever --allow-net and --ignore-env say, and reads
 * them when a program has set them itself. The pod has them empty, and no program may write them.
 */
export const proxyVariables: readonly string[] = [
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'ALL_PROXY',
  'NO_PROXY',
  'http_proxy',
  'https_proxy',
  'all_proxy',
  'no_proxy',
];

/** What Deno's own telemetry reads, whatever the process itself may read. */
export const telemetryVariables = [
  'OTEL_DENO',
  'OTEL_DENO_METRICS',
  'OTEL_EXPORTER_OTLP_ENDPOINT',
  'OTEL_EXPORTER_OTLP_PROTOCOL',
  'OTEL_EXPORTER_OTLP_TIMEOUT',
  'OTEL_RESOURCE_ATTRIBUTES',
  'OTEL_SERVICE_NAME',
  'OTEL_TRACES_SAMPLER',
  'OTEL_TRACES_SAMPLER_ARG',
] as const;

/** `Required`: user code never runs before the network is known to be closed. */
export type Enforcement = 'BestEffort' | 'Required';

/**
 * What the Handler runtime needs from Deno beside the network: `--allow-env` and `--allow-read` lists. The two
 * folders are named one by one, because the runtime gives the second up before it loads user code, and Deno
 * drops a common parent as a whole.
 */
export const handlerRights = { env: Object.values(env), read: [sourceMount, secretMount] } as const;

/**
 * What the Hats runtime needs from Deno beside the network. What every Deno process needs to find its program and its
 * cache is handed on to the processes of scripts, and then given up.
 */
export const hatsRights = { env: [...Object.values(env), 'PATH', 'HOME', 'DENO_DIR'], read: [secretMount] } as const;

/**
 * What the Modules runtime needs from Deno beside the network and what its modules may: each part is named by itself, so
 * that giving up the secrets leaves the rest.
 */
export const modulesRights = {
  // The program of the modules' processes is found by its name, and telemetry reaches them as well.
  env: [...Object.values(env), 'PATH', ...telemetryVariables],
  read: [modulesMount, brokerFolder, secretMount],
  write: [modulesMount],
} as const;

/** How the Handler runtime runs requests. Times in the unit of their name. */
export interface HandlerSettings {
  readonly group: string;
  /** Handlers that run at once. */
  readonly concurrency: number;
  readonly timeoutSeconds: number;
  /** Times a request is tried before it goes to the dead-letter stream. */
  readonly maxAttempts: number;
  /** Times a request may be delivered without being finished: more means it kills its pod. */
  readonly maxDeliveries: number;
  readonly backoff: { readonly initialMs: number; readonly maxMs: number };
  readonly deadLetterStream: string;
  readonly traces: 'On' | 'Off';
  /** Who is replied to: every caller, those whose request has the field `reply` with 1, or nobody. */
  readonly replies: 'Enabled' | 'OnRequest' | 'Disabled';
  /** Which responses are written; the others are counted in the record of the group, see counts.ts. */
  readonly responses: 'All' | 'Failures';
  readonly retention: 'Acknowledged' | 'Forever';
  /**
   * Seconds after which a delivered request whose consumer shows no sign of life is taken over by another one;
   * absent: twice the timeout, and at least 60.
   */
  readonly leaseSeconds?: number;
  /** Memory of the container, of which requests in flight may take a part. */
  readonly memoryMiB: number;
  /** Seconds a process may take to finish after SIGTERM. */
  readonly graceSeconds: number;
  /** Whether the module is told how to log in to Redis, because something is open to it there. */
  readonly opensRedis?: boolean;
  /** Whether a span is made of each request. */
  readonly telemetry?: boolean;
}

/** How the Rhai runtime runs tasks. Times in the unit of their name. */
export interface TaskSettings {
  readonly circlePublicKey: string;
  /** Key of the list of task ids. */
  readonly queue: string;
  /** What the keys of task hashes begin with. */
  readonly details: string;
  readonly fields: TaskFields;
  /** Scripts that run at once, which take turns. */
  readonly concurrency: number;
  readonly timeoutSeconds: number;
  readonly maxOperations: number;
  readonly maxMemoryMiB: number;
  readonly maxCallLevels: number;
  /** Seconds the hash of a finished task is kept; 0 for as long as somebody else says. */
  readonly keepSeconds: number;
  /** Times a task may be given to a process that dies before it is set aside. */
  readonly maxDeliveries: number;
  readonly deadLetterStream: string;
  /** Patterns of the keys scripts may use; none where they have nothing to do with Redis. */
  readonly redisKeys: readonly string[];
  /** Whether scripts may ask what is in the network scope by HTTP. */
  readonly http: boolean;
  /** Whether scripts may tell how far they are. */
  readonly progress: boolean;
  /** Whether there is a prelude at the path of {@link env.source}. */
  readonly prelude: boolean;
  /** Seconds a process may take to finish after SIGTERM. */
  readonly graceSeconds: number;
}

/** What the last line of our runtime and runner begins with, which says why they end. The operator looks for it. */
export const endMark = 'redisworker: ';

/** Exit codes of our runtime and runner, told in status and events. */
export const exitCodes = {
  /** `requestLimit` reached: a planned recycling. Also SIGTERM after a clean drain. */
  ok: 0,
  /** `pid` or `owner` of the hash changed, or the hash is gone. */
  fenced: 3,
  /** Only another module helps: it does not parse, or its default export is not a function. The operator reads this code. */
  badSource: 4,
  /** The config hash is missing or cannot be read, or the key does not open the secret. */
  badConfig: 5,
  /** `Required`, and the canary answered to the deadline. The operator reads this code and the next. */
  networkOpen: 6,
  /** `Required`, and the canary could not be dialled. */
  networkUnverified: 7,
  /** Anything else. */
  failed: 1,
} as const;
