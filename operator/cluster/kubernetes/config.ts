/** Where the API server is and how to log in: kubeconfig files, or the ServiceAccount of the pod this process runs in. */
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { ClusterConfig, Surroundings } from './credentials.ts';
import { readPodAccount, serviceAccountFolder } from './pod-account.ts';

const thisProcess: Surroundings = { environment: process.env, serviceAccount: serviceAccountFolder };

/** Which kubeconfig, and what of it. */
export interface KubeconfigChoice {
  /** Path; without it those of $KUBECONFIG, then ~/.kube/config, then the pod's ServiceAccount. */
  readonly kubeconfig?: string | undefined;
  /** Name of a context; without it the current one. */
  readonly context?: string | undefined;
}

/**
 * Reads what is chosen. What reads kubeconfigs is loaded only where there is one.
 * @throws Error saying what is missing
 */
export async function readClusterConfig(
  { kubeconfig, context }: KubeconfigChoice = {},
  surroundings: Surroundings = thisProcess,
): Promise<ClusterConfig> {
  const files = kubeconfig === undefined ? defaultFiles(surroundings) : [kubeconfig];
  if (files.length > 0) {
    const { readKubeconfigs } = await import('./kubeconfig.ts');
    return readKubeconfigs(files, context, surroundings.environment);
  }
  if (context === undefined) return readPodAccount(surroundings);
  throw new Error(`there is no kubeconfig that could have a context "${context}": set KUBECONFIG`);
}

/** As kubectl looks for them: of several in $KUBECONFIG those that exist. */
function defaultFiles({ environment }: Surroundings): readonly string[] {
  const named = (environment['KUBECONFIG'] ?? '').split(delimiter).filter((file) => file !== '');
  if (named.length > 0) return named.length === 1 ? named : orAll(named.filter((file) => existsSync(file)), named);
  const home = environment['HOME'] ?? environment['USERPROFILE'];
  const own = home === undefined ? undefined : join(home, '.kube', 'config');
  return own !== undefined && existsSync(own) ? [own] : [];
}

function orAll(found: readonly string[], all: readonly string[]): readonly string[] {
  return found.length > 0 ? found : all;
}
