/**
 * Plugins that a kubeconfig names for logging in, run by client-node. It is loaded nowhere else: it takes as much memory
 * as all the rest of an idle operator.
 */
import { KubeConfig } from '@kubernetes/client-node';
import type { RequestOptions } from 'node:https';
import type { Credentials, Tls } from './credentials.ts';
import type { KubeconfigUser } from './kubeconfig-schema.ts';

/** Asks the plugin, again when its answer has expired. */
export function openPlugin(user: KubeconfigUser): Promise<() => Promise<Credentials>> {
  const config = new KubeConfig();
  config.loadFromString(JSON.stringify({
    'current-context': 'c',
    clusters: [{ name: 'c', cluster: { server: 'https://server.invalid' } }],
    users: [{ name: 'u', user }],
    contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
  }));
  return Promise.resolve(async () => {
    const options: RequestOptions = {};
    await config.applyToHTTPSOptions(options);
    const { cert, key } = options;
    const { Authorization: authorization } = (options.headers ?? {}) as Record<string, unknown>;
    return {
      tls: { ...pem('cert', cert), ...pem('key', key) },
      headers: typeof authorization === 'string' ? { authorization: authorization.trim() } : {},
    };
  });
}

function pem(name: 'cert' | 'key', value: unknown): Tls {
  return typeof value === 'string' || Buffer.isBuffer(value) ? { [name]: value } : {};
}
