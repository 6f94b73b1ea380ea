/** The token that is shown to the status page: what the kubeconfig logs in with, or one of a ServiceAccount. */
import { ClusterError } from '../operator/cluster/cluster.ts';
import type { KubernetesCluster } from '../operator/cluster/kubernetes/index.ts';
import type { ClusterConfig } from '../operator/cluster/kubernetes/credentials.ts';
import { fail, Failure, messageOf } from './failure.ts';

/** A header that names who asks. */
export interface UserToken {
  /** The header Authorization. @param anew because the one before was refused @throws Failure */
  header(anew?: boolean): Promise<string>;
}

/** The user's own. A certificate, which other clusters log in with, can be shown to the API server alone. */
export function ownToken(config: ClusterConfig): UserToken {
  return {
    async header(anew = false) {
      const { headers: { authorization = '' } } = await config.credentials(anew).catch(fail);
      if (/^Bearer \S/.test(authorization)) return authorization;
      throw new Failure(
        'you log in to the cluster without a token, and the page asks for one: name a ServiceAccount in the namespace of the operator that may get /page with --service-account',
      );
    },
  };
}

const tokenSeconds = 3600;
/** A token is replaced when it has less than this to live. */
const reserveMs = 300_000;

/** One of a ServiceAccount, for an hour, replaced before it ends. */
export function accountToken(
  cluster: Pick<KubernetesCluster, 'requestToken'>,
  account: { readonly namespace: string; readonly name: string },
): UserToken {
  let known: Promise<{ readonly token: string; readonly until: number }> | undefined;
  return {
    async header(anew = false) {
      if (anew || known === undefined || (await known).until - Date.now() < reserveMs) {
        known = cluster.requestToken(account, tokenSeconds);
        known.catch(() => known = undefined);
      }
      const { token } = await known.catch((error: unknown) => {
        throw new Failure(whyNoToken(account, error), 1, { cause: error });
      });
      return `Bearer ${token}`;
    },
  };
}

function whyNoToken(
  { namespace, name }: { readonly namespace: string; readonly name: string },
  error: unknown,
): string {
  const status = error instanceof ClusterError ? error.status : undefined;
  if (status === 404) {
    return `there is no ServiceAccount ${name} in the namespace ${namespace}: make it with "kubectl -n ${namespace} create serviceaccount ${name}"`;
  }
  if (status === 403) {
    return `you may not make a token of the ServiceAccount ${namespace}/${name}: it takes the right to create serviceaccounts/token`;
  }
  return messageOf(error);
}
