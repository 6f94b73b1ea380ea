/** Two authorities that do not know each other; each has signed a server's certificate and a client's. */
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createAuthority, createCertificate } from '../control-plane/certificates.ts';

/** A name all servers carry, which leads nowhere. */
export const serverName = 'cache.test';

/** What one authority has signed. */
export interface Signed {
  /** PEM of the authority. */
  readonly ca: string;
  readonly client: { readonly cert: string; readonly key: string };
  /** Path of `ca.crt`, `server.crt`, `server.key`, `client.crt` or `client.key`. */
  file(name: string): string;
  /** Arguments of redis-server that make it speak TLS on `port`. */
  serverArgs(port: number, clients: 'yes' | 'no'): string[];
}

/** Makes an authority in a folder of its own below `dir`. @param more names of the server, as `DNS:localhost` */
export async function signedBy(dir: string, authority: string, more: readonly string[] = []): Promise<Signed> {
  const folder = join(dir, authority);
  mkdirSync(folder);
  await createAuthority(folder, authority);
  await Promise.all([
    createCertificate(folder, {
      name: 'server',
      subject: '/CN=redis',
      usage: 'serverAuth',
      names: [`DNS:${serverName}`, ...more],
    }),
    createCertificate(folder, { name: 'client', subject: '/CN=worker', usage: 'clientAuth' }),
  ]);
  const file = (name: string): string => join(folder, name);
  const text = (name: string): string => readFileSync(file(name), 'utf8');
  return {
    file,
    ca: text('ca.crt'),
    client: { cert: text('client.crt'), key: text('client.key') },
    serverArgs: (port, clients) => [
      '--tls-port',
      String(port),
      '--tls-cert-file',
      file('server.crt'),
      '--tls-key-file',
      file('server.key'),
      '--tls-ca-cert-file',
      file('ca.crt'),
      '--tls-auth-clients',
      clients,
    ],
  };
}
