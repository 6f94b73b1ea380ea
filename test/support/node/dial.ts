/** Tries TCP connections. As a program, `dial.ts <host:port>…` prints what came of each as JSON. */
import { connect } from 'node:net';

/** Where to connect; the host is an address, names are not looked up. */
export interface Target {
  readonly host: string;
  readonly port: number;
}

/** `Refused` also when a policy engine rejects; `Silent` when nothing came back within two seconds. */
export type Dialled = 'Open' | 'Refused' | 'Unreachable' | 'Silent';

const patienceMs = 2000;
const errors: Readonly<Record<string, Dialled>> = { ECONNREFUSED: 'Refused', EHOSTUNREACH: 'Unreachable', ENETUNREACH: 'Unreachable', ETIMEDOUT: 'Silent', EACCES: 'Refused' };

/** Arguments that have Node.js run this file. */
export function dialArgs(targets: readonly Target[]): string[] {
  return [import.meta.filename, ...targets.map(({ host, port }) => `${host}:${port}`)];
}

function dial({ host, port }: Target): Promise<Dialled> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (result: Dialled): void => {
      socket.destroy();
      resolve(result);
    };
    socket.setTimeout(patienceMs, () => end('Silent'));
    socket.once('connect', () => end('Open'));
    socket.once('error', (error) => end(('code' in error && errors[String(error.code)]) || 'Unreachable'));
  });
}

if (import.meta.main) {
  const targets = process.argv.slice(2).map((text) => ({ host: text.slice(0, text.lastIndexOf(':')), port: Number(text.slice(text.lastIndexOf(':') + 1)) }));
  process.stdout.write(JSON.stringify(await Promise.all(targets.map(dial))));
}
