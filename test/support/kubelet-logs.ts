/** The part of a kubelet by which logs are read: what containers of a test's node have written, for the API server to ask for. */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { keyOf } from '../../operator/cluster/cluster.ts';
import type { LogLine } from '../../operator/cluster/local/node/node.ts';
import { createCertificate } from './control-plane/certificates.ts';

/** The logs of a node, served. */
export interface KubeletLogs {
  readonly port: number;
  /** Takes a line a container has written. */
  readonly take: (line: LogLine) => void;
  close(): Promise<void>;
}

/** A node tells longer lines in pieces of this many characters. */
const pieceLength = 16_384;

/** Serves them on loopback. @param pki folder with the authority the API server believes. @param name of the node */
export async function serveLogs(pki: string, name: string): Promise<KubeletLogs> {
  await createCertificate(pki, { name, subject: `/CN=${name}`, usage: 'serverAuth', names: ['IP:127.0.0.1'] });
  const texts = new Map<string, string>();
  const [key, cert, ca] = [`${name}.key`, `${name}.crt`, 'ca.crt'].map((file) => readFileSync(join(pki, file)));
  const server = createServer({ key: key!, cert: cert!, ca: ca!, requestCert: true }, ({ url = '/' }, response) => {
    const { pathname, searchParams } = new URL(url, 'https://kubelet');
    const [, what, namespace, pod] = pathname.split('/');
    const text = texts.get(`${namespace}/${pod}`);
    if (what !== 'containerLogs' || text === undefined) response.writeHead(404).end();
    else response.end(Buffer.from(text).subarray(0, Number(searchParams.get('limitBytes') ?? Infinity)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    take({ pod, line }) {
      const text = texts.get(keyOf(pod)) ?? '';
      texts.set(keyOf(pod), `${text}${line}${line.length === pieceLength ? '' : '\n'}`);
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
