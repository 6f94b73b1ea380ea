/** What the API server is shown, and where it is: what every way of logging in gives. */

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
  /** Headers, `authorization` above all. Never logged. */
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

/** Where this process looks when no kubeconfig is named. */
export interface Surroundings {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Where the kubelet puts the token of a pod. */
  readonly serviceAccount: string;
}

/** The header of a bearer token; a token file may end with a line end. */
export function bearer(token: string): { readonly authorization: string } {
  return { authorization: `Bearer ${token.trim()}` };
}
