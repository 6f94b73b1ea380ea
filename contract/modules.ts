/** Modules of a worker in Redis: what the operator declares of them, and what the pods tell. */
import type { HandlerSettings } from './pod.ts';

/** Key of the hash with what each module is, which the operator writes and the pods follow. */
export function declaredModulesKey(prefix: string): string {
  return `${prefix}:modules:declared`;
}

/** Key of the hash in which each consumer tells how its modules are. */
export function moduleStatesKey(prefix: string): string {
  return `${prefix}:modules:states`;
}

/** Field beside the modules that changes with any of them; no module can be called so. */
export const modulesDigestField = '=digest';

/** A name of a module: it becomes the name of a file, and the first part of a path. */
export const moduleNamePattern = '^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$';

/** A function of a module by name, as `mayCall` has it: `module` for all of its functions, or `module.function`. */
export const mayCallPattern = '^[a-z]([-a-z0-9]{0,61}[a-z0-9])?([.][A-Za-z_$][A-Za-z0-9_$]{0,127})?$';

/** `Process`: a process of its own, for code nobody trusts. `Worker`: a thread, for modules of one trust domain. */
export const isolations = ['Process', 'Worker'] as const;

/** One of {@link isolations}. */
export type ModuleIsolation = (typeof isolations)[number];

/** The source map of a bundle, and the name by which the code finds it beside itself. */
export interface BundledMap {
  readonly name: string;
  readonly text: string;
}

/** A module as the operator declares it. */
export interface DeclaredModule {
  /** Its text, TypeScript or JavaScript. */
  readonly source: string;
  /** It was bundled: its text is JavaScript, some of which means another thing as TypeScript, and names its source map. */
  readonly bundle?: { readonly map?: BundledMap };
  readonly isolation: ModuleIsolation;
  /** The lists of `--allow-net`, `--deny-net` and `--allow-env`. */
  readonly net: readonly string[];
  readonly denyNet: readonly string[];
  readonly env: readonly string[];
  readonly idleSeconds: number;
  readonly concurrency: number;
  readonly timeoutSeconds: number;
  /** Functions of other modules it may call, as {@link mayCallPattern} has them. */
  readonly mayCall: readonly string[];
}

/** How the Modules runtime runs requests, and where it finds the modules. */
export interface ModulesSettings extends HandlerSettings {
  readonly declared: string;
  readonly states: string;
}

/** Whether a list of `mayCall` allows a function of another module. */
export function allowsCall(mayCall: readonly string[], module: string, functionName: string): boolean {
  return mayCall.includes(module) || mayCall.includes(`${module}.${functionName}`);
}

/** Parses what the operator wrote of a module. @throws SyntaxError, TypeError when it is something else */
export function decodeDeclared(json: string): DeclaredModule {
  const given: unknown = JSON.parse(json);
  const isModule = typeof given === 'object' && given !== null && 'source' in given && typeof given.source === 'string';
  if (!isModule) throw new TypeError('it has no source');
  return given as DeclaredModule;
}

/** What of a module goes on in one consumer. `Failing`: it ended by itself the last time it was called. */
export const moduleConditions = ['Idle', 'Running', 'Failing'] as const;

/** One of {@link moduleConditions}. */
export type ModuleCondition = (typeof moduleConditions)[number];

/** What one consumer tells of a module. */
export interface ModuleState {
  readonly name: string;
  readonly state: ModuleCondition;
  /** Calls that have ended since the consumer's process started, and those of them that rejected. */
  readonly calls: number;
  readonly errors: number;
  /** Times it ended otherwise than for rest or for newer code. */
  readonly restarts: number;
  /** What it takes, as its own process or thread says; absent when it does not run. */
  readonly memoryMiB?: number;
  /** Why it ended the last time, while it is failing. */
  readonly reason?: string;
}

/** Longest text told of why a module failed. */
export const maxModuleReason = 256;

/** Reads what a consumer told; what is no state is left out. */
export function decodeStates(json: string): readonly ModuleState[] {
  try {
    const given: unknown = JSON.parse(json);
    return Array.isArray(given) ? given.filter(isState) : [];
  } catch {
    return [];
  }
}

function isState(value: unknown): value is ModuleState {
  if (typeof value !== 'object' || value === null) return false;
  const { name, state, calls, errors, restarts, memoryMiB, reason } = value as Record<string, unknown>;
  return typeof name === 'string' && moduleConditions.some((one) => one === state) &&
    [calls, errors, restarts].every(isCount) && (memoryMiB === undefined || isCount(memoryMiB)) &&
    (reason === undefined || typeof reason === 'string');
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
