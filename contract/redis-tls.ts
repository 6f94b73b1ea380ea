/** TLS to a Redis: what is checked, and how a failure is told. The operator and its pods hold to the same. */

/** Lowest versions of TLS one may ask for. */
export const tlsVersions = ['1.2', '1.3'] as const;

/** What a connection is verified by, and what it shows of itself. */
export interface RedisTls {
  /** PEM of the authorities to trust, and of no others; the system's when absent. */
  readonly ca?: string;
  /** PEM of the certificate to show to a server that asks for one, with its chain, and of its key. */
  readonly client?: { readonly cert: string; readonly key: string };
  /** Name the certificate of the server must carry, when it is not the host. */
  readonly serverName?: string;
  /** Lowest version to speak; 1.2 when absent. */
  readonly minVersion?: (typeof tlsVersions)[number];
}

/** The options of `connect` in `node:tls`, which means the same by them on Node and on Deno. */
export interface TlsOptions {
  readonly rejectUnauthorized: true;
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3';
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly servername?: string;
}

/** Options that leave nothing to what the environment of the process says about TLS. */
export function tlsOptions({ ca, client, serverName, minVersion = '1.2' }: RedisTls): TlsOptions {
  return {
    rejectUnauthorized: true,
    minVersion: `TLSv${minVersion}`,
    ...(ca === undefined ? {} : { ca }),
    ...(client === undefined ? {} : { cert: client.cert, key: client.key }),
    ...(serverName === undefined ? {} : { servername: serverName }),
  };
}

const tlsCode =
  /^(ERR_TLS|ERR_SSL|EPROTO|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_(VERIFY|GET_ISSUER|DECRYPT|DECODE)|HOSTNAME_MISMATCH|INVALID_CA|ERR_OSSL)/;

/** The code of an error when it is about TLS: the other side's certificate, ours, or the version. */
export function tlsCodeOf(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
  return tlsCode.test(code) ? code : undefined;
}

/** What failed, and what to do; the subject of the sentence and the code are the caller's. */
export const tlsFault = {
  what: 'does not pass the TLS check',
  fix:
    'give the CA that signed its certificate, the name the certificate carries, and a certificate of its own where it asks for one, or redis:// when it speaks no TLS',
} as const;
