/** What kubeconfigs say: several files read as one, and the cluster and user of a context. */
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parse } from 'yaml';
import type { ClusterConfig, Surroundings } from './credentials.ts';
import { type ChosenContext, type Kubeconfig, kubeconfig, type KubeconfigUser } from './kubeconfig-schema.ts';
import { openLogin } from './login.ts';

/**
 * @param files at least one; what an earlier one says stays
 * @param named the context; the current one when absent
 * @param environment what plugins are run with
 * @throws Error naming the file and what is missing in it
 */
export function readKubeconfigs(
  files: readonly string[],
  named: string | undefined,
  environment: Surroundings['environment'],
): ClusterConfig {
  const context = contextIn(files, named);
  let login = openLogin(context, environment);
  return {
    server: context.cluster.server.replace(/\/+$/, ''),
    namespace: context.namespace,
    async credentials(anew = false) {
      if (anew) login = openLogin(contextIn(files, named), environment);
      return await login();
    },
  };
}

function contextIn(files: readonly string[], named: string | undefined): ChosenContext {
  const { 'current-context': current, clusters, users, contexts } = files.map(readFile).reduce(merged);
  const chosen = contexts.find((one) => one.name === (named ?? current))?.context;
  const found = clusters.find((one) => one.name === chosen?.cluster)?.cluster;
  const source = files.join(', ');
  if (chosen === undefined || found === undefined) {
    throw new Error(
      named === undefined
        ? `${source} has no current context that names a cluster: choose one with "kubectl config use-context"`
        : `${source} has no context "${named}" that names a cluster; it has: ${
          contexts.map(({ name }) => name).join(', ') || 'none'
        }`,
    );
  }
  if (found['proxy-url'] !== undefined) {
    throw new Error(
      `${source} asks for the proxy ${found['proxy-url']}: remove proxy-url, the API server is reached directly`,
    );
  }
  const who = users.find((one) => one.name === chosen.user)?.user;
  return { cluster: found, user: who ?? {}, namespace: chosen.namespace || undefined };
}

/** As kubectl merges them. */
function merged(first: Kubeconfig, next: Kubeconfig): Kubeconfig {
  return {
    'current-context': first['current-context'] || next['current-context'],
    clusters: [...first.clusters, ...next.clusters],
    users: [...first.users, ...next.users],
    contexts: [...first.contexts, ...next.contexts],
  };
}

function readFile(file: string): Kubeconfig {
  try {
    const read = kubeconfig.safeParse(parse(readFileSync(file, 'utf8')));
    if (read.success) return withAbsolutePaths(read.data, dirname(file));
    const [issue] = read.error.issues;
    throw new Error(`${issue?.path.join('.') || 'it'}: ${issue?.message ?? 'it cannot be used'}`);
  } catch (error) {
    const [why] = (error as Error).message.split('\n', 1);
    throw new Error(`${file} is no kubeconfig that can be read: ${why ?? ''}`, { cause: error });
  }
}

/** Paths in a kubeconfig are seen from its folder. */
function withAbsolutePaths({ clusters, users, ...rest }: Kubeconfig, folder: string): Kubeconfig {
  return {
    ...rest,
    clusters: clusters.map((one) => ({ ...one, cluster: absolute(one.cluster, folder, ['certificate-authority']) })),
    users: users.map((one) => ({
      ...one,
      user: one.user && withPluginPath(
        absolute(one.user, folder, ['client-certificate', 'client-key', 'tokenFile', 'token-file']),
        folder,
      ),
    })),
  };
}

/** A command with a slash is a file; one without is looked up on PATH. */
function withPluginPath(user: KubeconfigUser, folder: string): KubeconfigUser {
  const { exec } = user;
  return exec?.command.includes('/') ? { ...user, exec: { ...exec, command: resolve(folder, exec.command) } } : user;
}

function absolute<T extends object>(entry: T, folder: string, names: readonly (keyof T)[]): T {
  const paths = names.flatMap((one) => (entry[one] ? [[one, resolve(folder, String(entry[one]))] as const] : []));
  return { ...entry, ...Object.fromEntries(paths) };
}
