/** TCP servers that are no Redis, or one gone mad: each answers whatever comes with its own nonsense. */
import { type AddressInfo, createServer, type Socket } from 'node:net';

/** A server of a test's own; to be stopped. */
export interface Nonsense {
  readonly port: number;
  /** Connections it was asked for so far. */
  connections(): number;
  stop(): Promise<void>;
}

/** What is done with a connection; `received` is everything it has said so far. */
type Manner = (socket: Socket, received: string) => void;

const line = '\r\n';

/** The kinds of nonsense, by what they do. */
export const manners = {
  'speaks HTTP': (socket) => void socket.end(`HTTP/1.1 400 Bad Request${line}content-length: 0${line}${line}`),
  'closes at once': (socket) => void socket.destroy(),
  'never answers': () => undefined,
  'answers garbage': (socket) => void socket.write(Buffer.from([0, 255, 13, 10, 7, 200, 13, 10])),
  'answers half a line': (socket) => void socket.write('+PO'),
  'drips one byte after the other': (socket) => {
    const drip = setInterval(() => socket.write('+'), 20);
    socket.once('close', () => clearInterval(drip));
  },
  'repeats what it is told as an error': (socket, received) =>
    void socket.write(`-ERR unknown command ${received.replace(/\s+/g, ' ')}${'!'.repeat(5000)}${line}`),
  'leads to itself': (socket, received) =>
    void socket.write(
      received.endsWith(`SLOTS${line}`) ? `*0${line}` : `-MOVED 1 127.0.0.1:${socket.localPort}${line}`,
    ),
  'announces more than there can be': (socket) => void socket.write(`$99999999999${line}x`),
  'announces an endless list': (socket) => void socket.write(`*999999999${line}`),
} as const satisfies Record<string, Manner>;

/** Answers that have no end: by what they begin with. */
export const endless = { 'a string of a gigabyte': `$2000000000${line}`, 'a line that never ends': '+' } as const;

/** A server that answers whatever comes with one thing that has no end. @returns bytes sent so far */
export async function startEndless(
  opening: keyof typeof endless,
): Promise<Pick<Nonsense, 'port' | 'stop'> & { sent(): number }> {
  let sent = 0;
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    const sendOn = (chunk: string): void => {
      if (!socket.writable) return;
      sent += chunk.length;
      socket.write(chunk, () => sendOn(part));
    };
    socket.on('error', () => undefined);
    socket.once('data', () => sendOn(endless[opening]));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    sent: () => sent,
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const part = 'x'.repeat(256 * 1024);

/** Starts a server of one manner on a free port of this machine. */
export async function startNonsense(manner: keyof typeof manners): Promise<Nonsense> {
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = createServer((socket) => {
    connections++;
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    if (manner === 'closes at once') return void socket.destroy();
    let received = '';
    socket.on('data', (bytes) => manners[manner](socket, received += bytes.toString('latin1')));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    connections: () => connections,
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
