/** Bundles modules with the Deno of this installation, and a cache of its own that lasts. */
import { homedir } from 'node:os';
import { join } from 'node:path';
import { bundle, type BundleOutcome } from '../operator/code/bundle.ts';
import { checkTypes } from '../operator/code/check.ts';
import type { Clock } from '../operator/clock.ts';
import { LocalCodeResolver } from '../operator/cluster/local/code-resolver.ts';
import { isPrelude, readPrelude } from '../operator/code/prelude.ts';
import type { CodeUse } from '../operator/code/use.ts';
import { passedOn } from '../operator/code/passed-on.ts';
import { denoPath, resolverProgram, runtimeTypes } from './installation.ts';

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
): (entry: string, use: CodeUse) => Promise<BundleOutcome> {
  const deno = { path: denoPath(), cache: codeCache(environment), environment };
  const namedFrom = process.cwd();
  return (entry, use) =>
    isPrelude(entry)
      ? readPrelude(entry, namedFrom)
      : bundle({ entry, deno, namedFrom, use, ...(check ? { runtimeTypes: runtimeTypes() } : {}) });
}

/** Gives what resolves code from elsewhere, by processes of this Node. @throws Failure when Deno is not installed */
export function codeResolver({ environment }: Pick<ModuleBundling, 'environment'>, clock: Clock): LocalCodeResolver {
  const { PATH, TMPDIR } = environment;
  const place = { CODE_DENO: denoPath(), CODE_SEED: codeCache(environment), CODE_TYPES: runtimeTypes() };
  const known = { ...asNode(passedOn(environment)), PATH, TMPDIR, ...place };
  return new LocalCodeResolver({ command: [process.execPath, resolverProgram], environment: known, clock });
}

/** What Deno goes by, also for what Node asks for itself: repositories. */
function asNode(environment: Readonly<Record<string, string>>): Record<string, string> {
  const { DENO_CERT: authorities } = environment;
  return {
    NODE_USE_ENV_PROXY: '1',
    ...(authorities === undefined ? {} : { NODE_EXTRA_CA_CERTS: authorities }),
    ...environment,
  };
}

/** The registries that npm and Deno are told of here. */
export function registriesOf({ NPM_CONFIG_REGISTRY, JSR_URL }: ModuleBundling['environment']) {
  return {
    ...(NPM_CONFIG_REGISTRY ? { npm: NPM_CONFIG_REGISTRY } : {}),
    ...(JSR_URL ? { jsr: JSR_URL } : {}),
  };
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
    isPrelude(entry)
      ? undefined
      : (await checkTypes({ ...asked, entry, ...(beside === undefined ? {} : { deno: calm, signal: beside }) }))
        ?.sentence;
}
