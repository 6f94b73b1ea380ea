/** The command line of a worker container: Deno with exactly the permissions of the scope. */
import {
  handlerEntry, handlerRights, healthPort, importMapFile, runnerEntry, scratchMount, scriptRedisPort, secretMount, sourceFileName, sourceMount,
} from '../../../contract/pod.ts';

/** What the command line follows from. Net lists are in canonical form. */
export interface CommandInput {
  readonly contract: 'Handler' | 'Script';
  readonly configHashKey: string;
  /** `host:port` of the worker's Redis, as in its URL. */
  readonly redisAddress: string;
  readonly allowNet: readonly string[];
  readonly allowAllNet: boolean;
  readonly denyNet: readonly string[];
  readonly allowEnv: readonly string[];
  readonly denoOptions: readonly string[];
  readonly requestLimit: number;
  /** Memory limit of the container in MiB. */
  readonly memoryMiB: number;
}

/** MiB that V8's heap leaves to the rest of the process. */
const outsideHeapMiB = 64;

const healthAddress = `0.0.0.0:${healthPort}`;
const scriptRedisAddress = `127.0.0.1:${scriptRedisPort}`;

/** Flags every Deno process of a pod gets: no prompt, no file of the image or the network decides anything. */
const closed = ['--no-prompt', '--no-config', '--no-lock', '--no-remote', '--no-npm'];

/** The whole command. Planned recycling and the Script contract run under the runner. */
export function denoCommand(input: CommandInput): string[] {
  if (input.contract === 'Script') {
    return [...runner(input, ['--allow-net']), `--forward=${scriptRedisAddress}`, '--', ...script(input)];
  }
  return input.requestLimit > 0 ? [...runner(input, []), '--', ...handler(input)] : handler(input);
}

function handler(input: CommandInput): string[] {
  return [
    'deno', 'run', ...closed, '--ignore-env',
    `--allow-env=${[...handlerRights.env, ...input.allowEnv].join(',')}`,
    // Named one by one: the runtime gives up the secrets before it loads the module, and keeps the module.
    `--allow-read=${handlerRights.read.join(',')}`,
    ...net(input, [input.redisAddress, healthAddress]),
    `--import-map=${importMapFile}`,
    heap(input.memoryMiB), ...input.denoOptions,
    handlerEntry, input.configHashKey,
  ];
}

function script(input: CommandInput): string[] {
  return [
    'deno', 'run', ...closed, '--ignore-env',
    ...(input.allowEnv.length > 0 ? [`--allow-env=${input.allowEnv.join(',')}`] : []),
    ...net(input, [scriptRedisAddress, `localhost:${scriptRedisPort}`]),
    heap(input.memoryMiB), ...input.denoOptions,
    `${sourceMount}/${sourceFileName}`, input.configHashKey,
  ];
}

/** No code of the user's runs in the runner itself; the script it starts has flags of its own. */
function runner(input: CommandInput, flags: readonly string[]): string[] {
  return [
    'deno', 'run', ...closed, '--allow-env', '--allow-run=deno',
    `--allow-read=${secretMount}`,
    ...flags,
    runnerEntry, input.configHashKey,
  ];
}

function net(input: CommandInput, own: readonly string[]): string[] {
  const deny = input.denyNet.length > 0 ? [`--deny-net=${input.denyNet.join(',')}`] : [];
  if (input.allowAllNet) return ['--allow-net', ...deny];
  return [`--allow-net=${[...new Set([...own, ...input.allowNet])].join(',')}`, ...deny];
}

function heap(memoryMiB: number): string {
  return `--v8-flags=--max-old-space-size=${Math.max(memoryMiB - outsideHeapMiB, 32)}`;
}

/** Folder Deno keeps its cache in; writable scratch. */
export const denoDir = `${scratchMount}/deno`;

