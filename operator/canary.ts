/** The canary: a port of the operator that no policy of a worker opens. Whoever connects there is not held by one. */
import { createServer } from 'node:net';

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
export async function startCanary({ address, port }: { readonly address: string; readonly port: number }): Promise<CanaryListener> {
  const server = createServer({ pauseOnConnect: true }, (socket) => {
    socket.on('error', () => undefined); // it went away first
    socket.destroy();
  });
  server.maxConnections = maxConnections;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(new Error(`the canary cannot listen on ${address}:${port}: ${error.message}; choose another port with --canary-listen`)));
    server.listen(port, address, resolve);
  });
  const bound = server.address();
  return {
    port: typeof bound === 'object' && bound !== null ? bound.port : port,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
