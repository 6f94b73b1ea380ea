/** How the user of a kubeconfig logs in: by certificates, a token, a password; by a plugin where it names one. */
import { readFile } from 'node:fs/promises';
import { bearer, type Credentials, type Surroundings, type Tls } from './credentials.ts';
import type { ChosenContext, KubeconfigCluster, KubeconfigUser } from './kubeconfig-schema.ts';

/** What to log in with now: files are read again. @throws Error when a file or a plugin fails */
export type Login = () => Promise<Credentials>;

/** Loads what plugins need only when there is one, and keeps its answers as long as this login is used. */
export function openLogin({ cluster, user }: ChosenContext, environment: Surroundings['environment']): Login {
  if (cluster.server.startsWith('http:') && cluster['insecure-skip-tls-verify'] !== true) {
    return () =>
      Promise.reject(
        new Error(`HTTP protocol is not allowed: ${cluster.server} would see the credentials of the kubeconfig`),
      );
  }
  const plugin = needsPlugin(user)
    ? import('./login-plugin.ts').then(({ openPlugin }) => openPlugin(user, cluster, environment))
    : undefined;
  plugin?.catch(() => undefined); // told by the login that awaits it
  return async () => {
    const own = await ownCredentials(cluster, user);
    const given = await (await plugin)?.();
    return given === undefined
      ? own
      : { tls: { ...own.tls, ...given.tls }, headers: { ...given.headers, ...own.headers } };
  };
}

/** A provider that only names a file is no plugin. */
function needsPlugin(user: KubeconfigUser): boolean {
  return user.exec !== undefined || (user['auth-provider'] !== undefined && tokenFileOf(user) === undefined);
}

async function ownCredentials(cluster: KubeconfigCluster, user: KubeconfigUser): Promise<Credentials> {
  const [ca, cert, key, token] = await Promise.all([
    fileOrData(cluster['certificate-authority'], cluster['certificate-authority-data']),
    fileOrData(user['client-certificate'], user['client-certificate-data']),
    fileOrData(user['client-key'], user['client-key-data']),
    tokenOf(user),
  ]);
  const tls: Tls = {
    ...(ca && { ca }),
    ...(cert && { cert }),
    ...(key && { key }),
    ...(cluster['tls-server-name'] && { servername: cluster['tls-server-name'] }),
    ...(cluster['insecure-skip-tls-verify'] && { rejectUnauthorized: false }),
  };
  return {
    tls,
    headers: {
      ...(user.as && { 'impersonate-user': user.as }),
      ...(token && bearer(token)),
      ...(user.username && { authorization: basic(user.username, user.password ?? '') }),
    },
  };
}

async function fileOrData(file: string | undefined, data: string | undefined): Promise<Buffer | undefined> {
  if (file) return await readFile(file);
  return data ? Buffer.from(data, 'base64') : undefined;
}

/** A file is asked first, as by kubectl. */
async function tokenOf(user: KubeconfigUser): Promise<string | undefined> {
  const file = tokenFileOf(user);
  return file === undefined ? user.token : await readFile(file, 'utf8');
}

function tokenFileOf(user: KubeconfigUser): string | undefined {
  const named = user['auth-provider']?.config?.['tokenFile'];
  return user.tokenFile ?? user['token-file'] ?? (typeof named === 'string' ? named : undefined);
}

function basic(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}
