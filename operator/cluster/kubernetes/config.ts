/** Where the API server is and how to log in: kubeconfig files, exec plugins and ServiceAccounts, read by client-node. */
import { KubeConfig } from '@kubernetes/client-node';
import type { RequestOptions } from 'node:https';

/** Keys and certificates of a TLS connection. */
export interface Tls {
  readonly ca?: string | Buffer;
  readonly cert?: string | Buffer;
  readonly key?: string | Buffer;
  readonly servername?: string;
  readonly rejectUnauthorized?: boolean;
}

/** What a request needs to be let in. */
export interface Credentials {
  readonly tls: Tls;
  /** Headers, `Authorization` above all. Never logged. */
  readonly headers: Readonly<Record<string, string>>;
}

/** A cluster as configured. */
export interface ClusterConfig {
  /** For example `https://10.96.0.1:443`. */
  readonly server: string;
  /** Namespace of the context, or of the pod this process runs in. */
  readonly namespace: string | undefined;
  /**
   * What to log in with now: token files are read again, an exec plugin is asked when its answer has expired.
   * @param anew forget every answer, the kubeconfig included, because they were refused
   * @throws Error when a file or a plugin fails
   */
  credentials(anew?: boolean): Promise<Credentials>;
}

/**
 * Reads the named kubeconfig; without a name $KUBECONFIG, then ~/.kube/config, then the pod's ServiceAccount.
 * @throws Error saying what is missing
 */
export function readClusterConfig(kubeconfig?: string): ClusterConfig {
  let config = load(kubeconfig);
  const cluster = config.getCurrentCluster();
  const source = kubeconfig ?? 'the kubeconfig';
  if (cluster === null) {
    throw new Error(
      `${source} has no current context that names a cluster: choose one with "kubectl config use-context"`,
    );
  }
  if (cluster.server === clientNodeDefault && kubeconfig === undefined) {
    throw new Error('no cluster is configured: set KUBECONFIG, or run in a pod with a ServiceAccount token');
  }
  if (cluster.proxyUrl !== undefined) {
    throw new Error(
      `${source} asks for the proxy ${cluster.proxyUrl}: remove proxy-url, the API server is reached directly`,
    );
  }
  return {
    server: cluster.server.replace(/\/+$/, ''),
    namespace: config.getContextObject(config.getCurrentContext())?.namespace,
    credentials(anew = false) {
      if (anew) config = load(kubeconfig);
      return credentialsOf(config);
    },
  };
}

/** What client-node takes for the cluster when it finds nothing. */
const clientNodeDefault = 'http://localhost:8080';

function load(kubeconfig: string | undefined): KubeConfig {
  const config = new KubeConfig();
  try {
    if (kubeconfig === undefined) config.loadFromDefault();
    else config.loadFromFile(kubeconfig);
  } catch (error) {
    const [why] = (error instanceof Error ? error.message : String(error)).split('\n', 1);
    throw new Error(`${kubeconfig ?? 'the kubeconfig'} is no kubeconfig that can be read: ${why ?? ''}`, {
      cause: error,
    });
  }
  return config;
}

/** Options of client-node's HTTPS agent are made anew from files each time; only what TLS needs is taken. */
async function credentialsOf(config: KubeConfig): Promise<Credentials> {
  const options: RequestOptions = {};
  await config.applyToHTTPSOptions(options);
  const { ca, cert, key, servername, rejectUnauthorized, headers, auth } = options;
  return {
    tls: {
      ...pem('ca', ca),
      ...pem('cert', cert),
      ...pem('key', key),
      ...(servername === undefined ? {} : { servername }),
      ...(rejectUnauthorized === undefined ? {} : { rejectUnauthorized }),
    },
    headers: {
      ...Object.fromEntries(
        Object.entries(headers ?? {}).map(([name, value]) => [name.toLowerCase(), String(value).trim()]),
      ), // a token file may end with a line end
      ...(auth ? { authorization: `Basic ${Buffer.from(auth).toString('base64')}` } : {}),
    },
  };
}

function pem<Name extends string>(name: Name, value: unknown): Partial<Record<Name, string | Buffer>> {
  return typeof value === 'string' || Buffer.isBuffer(value) ? { [name]: value } as Record<Name, string | Buffer> : {};
}
