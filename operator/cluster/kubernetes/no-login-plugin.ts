/** In the image of the operator, where no program of a plugin can be: this takes the place of login-plugin.ts there. */
import type { Credentials } from './credentials.ts';
import type { KubeconfigUser } from './kubeconfig-schema.ts';

/** @throws Error always */
export function openPlugin(user: KubeconfigUser): Promise<() => Promise<Credentials>> {
  const plugin = user.exec?.command ?? user['auth-provider']?.name ?? '';
  return Promise.reject(
    new Error(
      `the kubeconfig logs in by the plugin ${plugin}, which this image does not have: use a token or a certificate, or the ServiceAccount of the pod`,
    ),
  );
}
