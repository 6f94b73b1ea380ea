/** What the flags about code from elsewhere come to. */
import type { CodeFlags } from './code-flags.ts';
import type { JobSettings, JobWay } from './code-jobs/objects.ts';
import type { RegistrySettings } from './code-jobs/registry.ts';
import { RegistryError } from './code-jobs/registry-http.ts';
import { type Login, loginFor } from './code-jobs/registry-login.ts';
import { readNamedFile } from './followed-files.ts';

/** What they say. */
export interface CodeSettings {
  /** Addresses of the registries of npm and JSR; the public ones when absent. */
  readonly registries: { readonly npm?: string; readonly jsr?: string };
  /** What a Job may take; undefined where none is to be made. */
  readonly jobResources: JobSettings['resources'] | undefined;
  /** How Jobs reach hosts, where that is not by themselves. */
  readonly jobWay: JobWay;
  /** Where bundles are kept; in ConfigMaps when undefined. */
  readonly registry: RegistrySettings | undefined;
}

/** The settings out of the flags. */
export function readCodeFlags(
  { npmRegistry: npm, jsrRegistry: jsr, codeJobs, codeJobResources, ...way }: CodeFlags,
): CodeSettings {
  const { codeHttpProxy: httpProxy, codeHttpsProxy: httpsProxy, codeNoProxy: noProxy, codeCaFile: trusts } = way;
  return {
    registries: { ...(npm === undefined ? {} : { npm }), ...(jsr === undefined ? {} : { jsr }) },
    jobResources: codeJobs ? codeJobResources : undefined,
    jobWay: { httpProxy, httpsProxy, noProxy, trusts },
    registry: registrySettings(way),
  };
}

function registrySettings(
  { codeRegistry: repository, codeRegistryAuthFile: file, codeCaFile: trusts }: Partial<CodeFlags>,
): RegistrySettings | undefined {
  if (repository === undefined) return undefined;
  const login = (): Login | undefined => (file === undefined ? undefined : loginIn(file, repository.host));
  return { ...repository, login, trusts };
}

/** @throws RegistryError with a sentence that quotes nothing of it */
function loginIn(file: string, host: string): Login | undefined {
  const found = readNamedFile('--code-registry-auth-file', file);
  if (!found.ok) throw new RegistryError(found.problem);
  try {
    return loginFor(host, found.value);
  } catch {
    throw new RegistryError(`--code-registry-auth-file: ${file} is no configuration as docker login keeps it`);
  }
}
