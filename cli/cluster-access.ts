/** What the words for a cluster lead to. */
import { readClusterConfig } from '../operator/cluster/kubernetes/config.ts';
import type { ClusterConfig } from '../operator/cluster/kubernetes/credentials.ts';
import { connectKubernetes, type KubernetesCluster } from '../operator/cluster/kubernetes/index.ts';
import type { ClusterAccess } from './access-words.ts';
import { fail } from './failure.ts';
import { silence } from './silent-log.ts';

/** Reads where it is and how to log in. @throws Failure when no such cluster is configured */
export function readAccess(access: ClusterAccess): Promise<ClusterConfig> {
  return readClusterConfig(access).catch(fail);
}

/** Opens no connection before something is asked. @throws Failure when no such cluster is configured */
export function connect({ kubeconfig, context }: ClusterAccess): Promise<KubernetesCluster> {
  return connectKubernetes({ log: silence, kubeconfig, context }).catch(fail);
}
