/** The certificates of the operator's default Redis, in files that are replaced while it runs. */
import { readFileSync } from 'node:fs';
import type { RedisTls } from '../contract/redis-tls.ts';
import type { Clock } from './clock.ts';
import { authorityProblem, pairProblem } from './redis/certificates.ts';

/** Paths, absent when not given. A certificate and its key come together. */
export interface TlsFiles {
  readonly caFile?: string | undefined;
  readonly certFile?: string | undefined;
  readonly keyFile?: string | undefined;
}

/** What the files hold, or the sentence that says what is wrong with which of them; it quotes none. */
type ReadTls = { readonly ok: true; readonly tls: RedisTls } | { readonly ok: false; readonly problem: string };

/** Reads the files and looks whether they can be used. */
function readTlsFiles({ caFile, certFile, keyFile }: TlsFiles): ReadTls {
  if ((certFile === undefined) !== (keyFile === undefined)) {
    return { ok: false, problem: '--redis-cert-file and --redis-key-file: give both or none' };
  }
  try {
    const ca = caFile === undefined ? undefined : readFileSync(caFile, 'utf8');
    const client = certFile === undefined || keyFile === undefined
      ? undefined
      : { cert: readFileSync(certFile, 'utf8'), key: readFileSync(keyFile, 'utf8') };
    const unreadable = ca === undefined ? undefined : authorityProblem(ca);
    if (unreadable !== undefined) return { ok: false, problem: `--redis-ca-file: ${caFile} ${unreadable}` };
    const wrong = client === undefined ? undefined : pairProblem(client);
    if (wrong !== undefined) {
      const file = wrong.part === 'cert' ? certFile : keyFile;
      return { ok: false, problem: `--redis-${wrong.part}-file: ${file} ${wrong.problem}` };
    }
    return { ok: true, tls: { ...(ca === undefined ? {} : { ca }), ...(client === undefined ? {} : { client }) } };
  } catch (error) {
    return { ok: false, problem: `a certificate of the default Redis cannot be read: ${(error as Error).message}` };
  }
}

/** The certificates as they are now. */
export interface DefaultRedisTls {
  current(): RedisTls;
  /** Told after each change, and why files that changed are not used: the last good ones stay. */
  follow(clock: Clock, told: { changed(): void; problem(sentence: string): void }): { stop(): void };
}

/**
 * @param everyMs how often the files are looked at; the kubelet takes longer to replace them
 * @throws Error with a sentence when the files cannot be used at the start
 */
export function defaultRedisTls(files: TlsFiles, everyMs = 10_000): DefaultRedisTls {
  const first = readTlsFiles(files);
  if (!first.ok) throw new Error(first.problem);
  let current = first.tls;
  return {
    current: () => current,
    follow(clock, told) {
      let cancel = (): void => undefined;
      let toldOf: string | undefined;
      const look = (): void => {
        const read = readTlsFiles(files);
        if (!read.ok && read.problem !== toldOf) told.problem(read.problem);
        toldOf = read.ok ? undefined : read.problem;
        if (read.ok && JSON.stringify(read.tls) !== JSON.stringify(current)) {
          current = read.tls;
          told.changed();
        }
        cancel = clock.after(everyMs, look);
      };
      cancel = clock.after(everyMs, look);
      return { stop: () => cancel() };
    },
  };
}
