/** Bundles modules with the Deno of this installation, and a cache of its own that lasts. */
import { homedir } from 'node:os';
import { join } from 'node:path';
import { bundle, type BundleOutcome } from '../operator/code/bundle.ts';
import { checkTypes } from '../operator/code/check.ts';
import { denoPath, runtimeTypes } from './installation.ts';

/** How modules are bundled here. */
export interface ModuleBundling {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Types are checked unless this is false. */
  readonly check?: boolean;
}

/** Deno's cache for what is bundled: packages, remote modules and the bundler. */
export function codeCache({ XDG_CACHE_HOME: folder }: ModuleBundling['environment']): string {
  return join(folder ? folder : join(homedir(), '.cache'), 'redisworker', 'code');
}

/**
 * Gives what bundles a module by its absolute path; files are named from the folder this command runs in.
 * @throws Failure when Deno is not installed
 */
export function moduleBundler(
  { environment, check = true }: ModuleBundling,
): (entry: string) => Promise<BundleOutcome> {
  const deno = { path: denoPath(), cache: codeCache(environment), environment };
  return (entry) =>
    bundle({ entry, deno, namedFrom: process.cwd(), ...(check ? { runtimeTypes: runtimeTypes() } : {}) });
}

/** Whoever waits for new code comes first. */
const checkNiceness = 5;

/**
 * Gives what checks the types of a module by its absolute path, in one sentence about the first fault.
 * @throws Failure when Deno is not installed
 */
export function typeChecker(
  { environment }: Pick<ModuleBundling, 'environment'>,
): (entry: string, beside?: AbortSignal) => Promise<string | undefined> {
  const deno = { path: denoPath(), cache: codeCache(environment), environment };
  const calm = { ...deno, niceness: checkNiceness };
  const asked = { deno, namedFrom: process.cwd(), runtimeTypes: runtimeTypes() };
  return async (entry, beside) =>
    (await checkTypes({ ...asked, entry, ...(beside === undefined ? {} : { deno: calm, signal: beside }) }))?.sentence;
}
