/** Tries TCP connections, and DNS over UDP. As a program, `dial.ts <host:port>…` prints what came of each as JSON. */
import { createSocket } from 'node:dgram';
import { connect } from 'node:net';

/** Where to connect; the host is an address, names are not looked up. */
export interface Target {
  readonly host: string;
  readonly port: number;
  /** `UDP` sends a question to a DNS server; TCP when absent. */
  readonly protocol?: 'TCP' | 'UDP';
}

/** `Refused` also when a policy engine rejects; `Silent` when nothing came back within two seconds. */
export type Dialled = 'Open' | 'Refused' | 'Unreachable' | 'Silent';

const patienceMs = 2000;
/** An answer over UDP comes from a program, which may be slow on a busy machine; a refusal comes at once. */
const answerPatienceMs = 10_000;
const errors: Readonly<Record<string, Dialled>> = {
  ECONNREFUSED: 'Refused',
  EHOSTUNREACH: 'Unreachable',
  ENETUNREACH: 'Unreachable',
  ETIMEDOUT: 'Silent',
  EACCES: 'Refused',
};

/** Arguments that have Node.js run this file. */
export function dialArgs(targets: readonly Target[]): string[] {
  return [
    import.meta.filename,
    ...targets.map(({ host, port, protocol }) => `${protocol === 'UDP' ? 'udp/' : ''}${host}:${port}`),
  ];
}

/** The address of the root's name servers: a question every DNS server answers in some way. */
const question = Buffer.from([0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 1]);

/** What nobody answers is asked again, for a datagram may be lost. */
function askByUdp({ host, port }: Target): Promise<Dialled> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    const again = setInterval(() => socket.send(question), answerPatienceMs / 10);
    const end = (result: Dialled): void => {
      clearInterval(again);
      clearTimeout(silence);
      socket.close();
      resolve(result);
    };
    const silence = setTimeout(() => end('Silent'), answerPatienceMs);
    socket.once('connect', () => socket.send(question)).connect(port, host); // a connected socket is told of refusals
    socket.once('message', () => end('Open')).once('error', () => end('Refused'));
  });
}

function dial(target: Target): Promise<Dialled> {
  return target.protocol === 'UDP' ? askByUdp(target) : dialByTcp(target);
}

function dialByTcp({ host, port }: Target): Promise<Dialled> {
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
  const targets = process.argv.slice(2).map((text): Target => {
    const [, udp, host = '', port] = /^(udp\/)?(.*):(\d+)$/.exec(text) ?? [];
    return { host, port: Number(port), protocol: udp === undefined ? 'TCP' : 'UDP' };
  });
  process.stdout.write(JSON.stringify(await Promise.all(targets.map(dial))));
}
