/** The command line of a worker container: Deno with exactly the permissions of the scope. */
import {
  closedFlags,
  handlerEntry,
  handlerRights,
  hatsEntry,
  hatsRights,
  healthPort,
  httpPort,
  importMapFile,
  joinedMount,
  lazyV8Flags,
  modulesEntry,
  modulesImportMapFile,
  modulesRights,
  proxyVariables,
  rhaiEngine,
  rhaiEntry,
  runnerEntry,
  scriptRedisPort,
  secretMount,
  sharedModule,
  sourceMount,
  v8Flags,
} from '../../../contract/pod.ts';

/** What the command line follows from. Net lists are in canonical form. */
export interface CommandInput {
  readonly runtime: 'Handler' | 'Script' | 'Hats' | 'Rhai' | 'Modules';
  readonly configHashKey: string;
  /** Name of the file with the module. */
  readonly sourceFile: string;
  /** Set when it lies in pieces, which our own code makes one file of first. */
  readonly isPacked?: boolean;
  /** Set when there is more of it than a ConfigMap holds, wherever it lies. */
  readonly isLarge?: boolean;
  /** The list of `--allow-net`, what the runtime itself needs included. */
  readonly allowNet: readonly string[];
  readonly allowAllNet: boolean;
  /** What the network gate dials: the worker's Redis and the canary; empty where there is no gate. */
  readonly gateNet: readonly string[];
  readonly denyNet: readonly string[];
  readonly allowEnv: readonly string[];
  /** Flags of the user's. They come first: of two V8 flags that disagree the later one holds, and that is ours. */
  readonly denoOptions: readonly string[];
  readonly requestLimit: number;
  /** Memory limit of the container in MiB. */
  readonly memoryMiB: number;
}

/** MiB that V8's heap leaves to the rest of the process. */
const outsideHeapMiB = 64;

const scriptRedisAddress = `127.0.0.1:${scriptRedisPort}`;

/** Where pods answer over HTTP. */
export const httpAddress = `0.0.0.0:${httpPort}`;

/** What a process of ours connects to or listens on beside the scope: never an entry of the policy. */
export const ownAddresses = {
  Handler: [`0.0.0.0:${healthPort}`],
  Hats: [`0.0.0.0:${healthPort}`],
  Script: [scriptRedisAddress, `localhost:${scriptRedisPort}`],
} as const;

/** The whole command. Planned recycling and the Script runtime run under the runner, which then passes the gate for its child. */
export function denoCommand(input: CommandInput): string[] {
  if (input.runtime === 'Script') {
    return [...runner(input, ['--allow-net']), `--forward=${scriptRedisAddress}`, '--', ...script(input)];
  }
  const { gateNet } = input;
  const atGate = {
    ...input,
    allowNet: [...input.allowNet, ...gateNet.filter((entry) => !input.allowNet.includes(entry))],
  };
  if (input.runtime === 'Hats') return hats(atGate);
  if (input.runtime === 'Rhai') return rhai(atGate);
  const program = input.runtime === 'Modules' ? modules : handler;
  if (input.requestLimit === 0) return program(atGate);
  return [
    ...runner(input, gateNet.length > 0 ? [`--allow-net=${[...gateNet, ...ownAddresses.Handler].join(',')}`] : []),
    '--',
    ...program(input),
  ];
}

/** Deno with flags of ours behind those of the user's, of an environment with what they open and no more. */
function deno({ denoOptions, configHashKey }: CommandInput, program: string, flags: readonly string[]): string[] {
  return ['deno', 'run', ...denoOptions, ...closedFlags, '--ignore-env', ...flags, program, configHashKey];
}

function handler(input: CommandInput): string[] {
  return deno(input, handlerEntry, [
    `--allow-env=${[...handlerRights.env, ...input.allowEnv].join(',')}`,
    ...deniedEnv(input.allowEnv),
    // Named one by one: the runtime gives up the secrets before it loads the module, and keeps the module.
    `--allow-read=${[...handlerRights.read, ...joining(input)].join(',')}`,
    ...(input.isPacked ? [`--allow-write=${joinedMount}`] : []),
    ...net(input),
    `--import-map=${importMapFile}`,
    `${heap(input.memoryMiB)},${input.isPacked === true || input.isLarge === true ? lazyV8Flags : v8Flags}`,
  ]);
}

/** No script runs in this process: each has one of its own without any right, and asks this one. */
function hats(input: CommandInput): string[] {
  return deno(input, hatsEntry, [
    `--allow-env=${[...hatsRights.env, ...input.allowEnv].join(',')}`,
    ...deniedEnv(input.allowEnv),
    `--allow-read=${hatsRights.read.join(',')}`,
    '--allow-run=deno',
    `--allow-net=${input.allowNet.join(',')}`,
    `${heap(input.memoryMiB)},${v8Flags}`,
  ]);
}

/** The engine is read before any script is there, and a script cannot name a file. */
function rhai(input: CommandInput): string[] {
  return deno(input, rhaiEntry, [
    `--allow-env=${handlerRights.env.join(',')}`,
    `--allow-read=${[rhaiEngine, ...handlerRights.read].join(',')}`,
    ...net(input),
    `${heap(input.memoryMiB)},${v8Flags}`,
  ]);
}

/**
 * Modules with a process of their own have flags of their own, which this one writes. What it may reach and read beside
 * its own is for those that are its threads; each of them gets a part of it.
 */
function modules(input: CommandInput): string[] {
  return deno(input, modulesEntry, [
    `--allow-env=${[...modulesRights.env, ...input.allowEnv].join(',')}`,
    ...deniedEnv(input.allowEnv),
    `--allow-read=${[...modulesRights.read, sharedModule].join(',')}`,
    `--allow-write=${modulesRights.write.join(',')}`,
    '--allow-run=deno',
    ...net(input),
    '--unstable-worker-options',
    `--import-map=${modulesImportMapFile}`,
    `${heap(input.memoryMiB)},${v8Flags}`,
  ]);
}

function script(input: CommandInput): string[] {
  return deno(input, `${sourceFolder(input)}/${input.sourceFile}`, [
    ...(input.allowEnv.length > 0 ? [`--allow-env=${input.allowEnv.join(',')}`] : []),
    ...deniedEnv(input.allowEnv),
    ...net(input),
    heap(input.memoryMiB),
  ]);
}

/** Folder the module is started from. */
export function sourceFolder({ isPacked = false }: Pick<CommandInput, 'isPacked'>): string {
  return isPacked ? joinedMount : sourceMount;
}

/** Where the runtime makes one file of the pieces. */
function joining({ isPacked = false }: CommandInput): readonly string[] {
  return isPacked ? [joinedMount] : [];
}

/** Only what is allowed has to be denied: of other variables --ignore-env says that there are none, and that is kinder. */
function deniedEnv(allowEnv: readonly string[]): string[] {
  const covered = proxyVariables.filter((name) =>
    allowEnv.some((entry) => entry === name || (entry.endsWith('*') && name.startsWith(entry.slice(0, -1))))
  );
  return covered.length > 0 ? [`--deny-env=${covered.join(',')}`] : [];
}

/** No code of the user's runs in the runner itself; the script it starts has flags of its own. */
function runner(input: CommandInput, flags: readonly string[]): string[] {
  const joins = input.isPacked === true && input.runtime === 'Script'; // a Handler runtime does it itself
  return [
    'deno',
    'run',
    ...closedFlags,
    '--allow-env',
    '--allow-run=deno',
    `--allow-read=${[secretMount, ...(joins ? [sourceMount, joinedMount] : [])].join(',')}`,
    ...(joins ? [`--allow-write=${joinedMount}`] : []),
    ...flags,
    `--v8-flags=${v8Flags}`,
    runnerEntry,
    input.configHashKey,
  ];
}

function net({ allowNet, allowAllNet, denyNet }: CommandInput): string[] {
  return [allowAllNet ? '--allow-net' : `--allow-net=${allowNet.join(',')}`, `--deny-net=${denyNet.join(',')}`];
}

function heap(memoryMiB: number): string {
  return `--v8-flags=--max-old-space-size=${Math.max(memoryMiB - outsideHeapMiB, 32)}`;
}
