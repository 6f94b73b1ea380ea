/**
 * Plugins that a kubeconfig names for logging in, run by client-node. It is loaded nowhere else: it takes as much memory
 * as all the rest of an idle operator.
 */
import type { KubeConfig } from '@kubernetes/client-node';
import type { RequestOptions } from 'node:https';
import type { Credentials, Tls } from './credentials.ts';
import type { KubeconfigUser } from './kubeconfig-schema.ts';

/**
 * Asks the plugin, again when its answer has expired.
 * @throws Error when client-node is not there, as in the operator's image
 */
export async function openPlugin(user: KubeconfigUser): Promise<() => Promise<Credentials>> {
  const config = await emptyConfig(user);
  config.loadFromString(JSON.stringify({
    'current-context': 'c',
    clusters: [{ name: 'c', cluster: { server: 'https://server.invalid' } }],
    users: [{ name: 'u', user }],
    contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
  }));
  return async () => {
    const options: RequestOptions = {};
    await config.applyToHTTPSOptions(options);
    const { cert, key } = options;
    const { Authorization: authorization } = (options.headers ?? {}) as Record<string, unknown>;
    return {
      tls: { ...pem('cert', cert), ...pem('key', key) },
      headers: typeof authorization === 'string' ? { authorization: authorization.trim() } : {},
    };
  };
}

async function emptyConfig(user: KubeconfigUser): Promise<KubeConfig> {
  try {
    return new (await import('@kubernetes/client-node')).KubeConfig();
  } catch (cause) {
    const plugin = user.exec?.command ?? user['auth-provider']?.name;
    throw new Error(
      `the kubeconfig logs in by the plugin ${plugin}, which is not to be had here: use a token or a certificate, or run in a pod with a ServiceAccount`,
      { cause },
    );
  }
}

function pem(name: 'cert' | 'key', value: unknown): Tls {
  return typeof value === 'string' || Buffer.isBuffer(value) ? { [name]: value } : {};
}
