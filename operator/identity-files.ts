/** A certificate and its key, in files that two flags name. */
import type { RedisTls } from '../contract/redis-tls.ts';
import { type FileReading, readNamedFile } from './followed-files.ts';
import { pairProblem } from './redis/certificates.ts';

/** A certificate with its chain, and its key. */
export type Identity = NonNullable<RedisTls['client']>;

/** Reads both and looks whether they can be used. @param flags that name them */
export function readIdentity(
  certFile: string,
  keyFile: string,
  flags: { readonly cert: string; readonly key: string },
): FileReading<Identity> {
  const cert = readNamedFile(flags.cert, certFile);
  if (!cert.ok) return cert;
  const key = readNamedFile(flags.key, keyFile);
  if (!key.ok) return key;
  const value = { cert: cert.value, key: key.value };
  const wrong = pairProblem(value);
  if (wrong === undefined) return { ok: true, value };
  return {
    ok: false,
    problem: `${flags[wrong.part]}: ${wrong.part === 'cert' ? certFile : keyFile} ${wrong.problem}`,
  };
}
