/** How a pod logs in: with the token and the authorities the kubelet puts into it, and replaces while it runs. */
import { existsSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { formatHostPort } from '../../../contract/host-port.ts';
import { bearer, type ClusterConfig, type Surroundings } from './credentials.ts';

/** Where the kubelet mounts the ServiceAccount of a pod. */
export const serviceAccountFolder = '/var/run/secrets/kubernetes.io/serviceaccount';

/** @throws Error when this process runs in no pod, or in one without a token */
export function readPodAccount({ environment, serviceAccount }: Surroundings): ClusterConfig {
  const file = (name: string): string => join(serviceAccount, name);
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = environment;
  if (!host || !port || !existsSync(file('token'))) {
    throw new Error('no cluster is configured: set KUBECONFIG, or run in a pod with a ServiceAccount token');
  }
  return {
    server: `https://${formatHostPort({ host, port: Number(port) })}`,
    namespace: existsSync(file('namespace')) ? readFileSync(file('namespace'), 'utf8').trim() : undefined,
    async credentials() {
      const [ca, token] = await Promise.all([readFile(file('ca.crt')), readFile(file('token'), 'utf8')]);
      return { tls: { ca }, headers: bearer(token) };
    },
  };
}
