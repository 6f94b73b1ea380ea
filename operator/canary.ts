/**
 * The canary: a port of the operator that no policy of a worker opens. Whoever connects there is not held by one; that
 * somebody is refused means something only as long as the operator itself is not.
 */
import { connect, createServer } from 'node:net';
import type { Clock } from './clock.ts';

/** Where something listens or is dialled. */
export interface HostPort {
  readonly address: string;
  readonly port: number;
}

/** A listening canary. */
export interface CanaryListener {
  readonly port: number;
  close(): Promise<void>;
}

/** Connections at once; the system itself answers more of them, and that they are answered is all a pod wants to know. */
const maxConnections = 256;

/**
 * Listens; every connection is closed at once and nothing is read.
 * @param port 0 takes a free one
 * @throws Error when the port cannot be taken
 */
export async function startCanary({ address, port }: HostPort): Promise<CanaryListener> {
  const server = createServer({ pauseOnConnect: true }, (socket) => {
    socket.on('error', () => undefined); // it went away first
    socket.destroy();
  });
  server.maxConnections = maxConnections;
  await new Promise<void>((resolve, reject) => {
    server.once(
      'error',
      (error) =>
        reject(
          new Error(
            `the canary cannot listen on ${address}:${port}: ${error.message}; choose another port with --canary-listen`,
          ),
        ),
    );
    server.listen(port, address, resolve);
  });
  const bound = server.address();
  return {
    port: typeof bound === 'object' && bound !== null ? bound.port : port,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

/** Looks again and again whether the canary is reached under the address that pods dial. */
export interface CanaryWatch {
  /** What went wrong the last time; undefined when nothing did. */
  problem(): string | undefined;
  stop(): void;
}

/** How often, in milliseconds; a Service takes a moment to lead to an operator that has just become ready. */
const whileWell = 60_000;
const whileNot = 5_000;
const dialMs = 2_000;

/** Starts looking. @param onChange is told each new problem, and undefined when it is over */
export function watchCanary(
  canary: HostPort,
  clock: Clock,
  onChange: (problem: string | undefined) => void,
): CanaryWatch {
  let problem: string | undefined = 'nobody has looked yet';
  let stopped = false;
  let cancel = (): void => undefined;
  const look = async (): Promise<void> => {
    const found = await dial(canary);
    if (stopped) return;
    if (found !== problem) onChange(found);
    problem = found;
    cancel = clock.after(found === undefined ? whileWell : whileNot, () => void look());
  };
  void look();
  return {
    problem: () => problem,
    stop() {
      stopped = true;
      cancel();
    },
  };
}

function dial({ address, port }: HostPort): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port, timeout: dialMs });
    const end = (problem: string | undefined) => {
      socket.destroy();
      resolve(problem);
    };
    socket.on('connect', () => end(undefined));
    socket.on('timeout', () => end(`no answer from ${address}:${port} within ${dialMs / 1000} s`));
    socket.on(
      'error',
      (error: NodeJS.ErrnoException) => end(`${address}:${port} cannot be reached: ${error.code ?? error.message}`),
    );
  });
}
