/** How TLS to the operator's default Redis is checked and what it is shown: files that are replaced while it runs. */
import type { RedisTls } from '../contract/redis-tls.ts';
import { type FileReading, type Followed, followedFiles, readNamedFile } from './followed-files.ts';
import { type Identity, readIdentity } from './identity-files.ts';
import { authorityProblem } from './redis/certificates.ts';

export type { Identity } from './identity-files.ts';

/** What the flags name, absent when not given. A certificate and its key come together. */
export interface TlsFiles {
  readonly caFile?: string | undefined;
  readonly certFile?: string | undefined;
  readonly keyFile?: string | undefined;
  /** Name the certificate must carry, when it is not the host. */
  readonly serverName?: string | undefined;
}

/** The flags, wherever they are given. */
export const tlsFlags = {
  ca: '--redis-ca-file',
  cert: '--redis-cert-file',
  key: '--redis-key-file',
  serverName: '--redis-server-name',
} as const;

/** What workers with a user of their own show the default Redis: the operator's certificate may be its login. */
export const workerIdentityFlags = { cert: '--redis-worker-cert-file', key: '--redis-worker-key-file' } as const;

/** What is wrong when they are given with an address that speaks no TLS. */
export const tlsFlagsNeedTls = `${
  [...Object.values(tlsFlags), ...Object.values(workerIdentityFlags)].join(', ')
}: they need --redis with rediss://`;

/** What the files hold, and the name. */
export type DefaultRedisTls = Followed<RedisTls>;

/**
 * @param everyMs how often the files are looked at
 * @throws Error with a sentence when the files cannot be used at the start
 */
export function defaultRedisTls(files: TlsFiles, everyMs?: number): DefaultRedisTls {
  return followedFiles(() => readTlsFiles(files), everyMs);
}

/**
 * The certificate of workers, and its key.
 * @param everyMs how often the files are looked at
 * @throws Error with a sentence when the files cannot be used at the start
 */
export function workerIdentity(files: Pick<TlsFiles, 'certFile' | 'keyFile'>, everyMs?: number): Followed<Identity> {
  const { certFile, keyFile } = files;
  if (certFile === undefined || keyFile === undefined) {
    throw new Error(`${workerIdentityFlags.cert} and ${workerIdentityFlags.key}: give both or none`);
  }
  return followedFiles(() => readIdentity(certFile, keyFile, workerIdentityFlags), everyMs);
}

/** Reads the files and looks whether they can be used. */
function readTlsFiles({ caFile, certFile, keyFile, serverName }: TlsFiles): FileReading<RedisTls> {
  if ((certFile === undefined) !== (keyFile === undefined)) {
    return { ok: false, problem: `${tlsFlags.cert} and ${tlsFlags.key}: give both or none` };
  }
  const ca = caFile === undefined ? undefined : readAuthority(caFile);
  if (ca?.ok === false) return ca;
  const client = certFile === undefined || keyFile === undefined
    ? undefined
    : readIdentity(certFile, keyFile, tlsFlags);
  if (client?.ok === false) return client;
  return {
    ok: true,
    value: {
      ...(ca === undefined ? {} : { ca: ca.value }),
      ...(client === undefined ? {} : { client: client.value }),
      ...(serverName === undefined ? {} : { serverName }),
    },
  };
}

function readAuthority(file: string): FileReading<string> {
  const read = readNamedFile(tlsFlags.ca, file);
  const wrong = read.ok ? authorityProblem(read.value) : undefined;
  return wrong === undefined ? read : { ok: false, problem: `${tlsFlags.ca}: ${file} ${wrong}` };
}
