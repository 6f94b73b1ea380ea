/** A server that listens, plain or over TLS. */
import type { Server } from 'node:http';

/** A server that listens. */
export interface HttpServer {
  readonly port: number;
  close(): Promise<void>;
}

/** @param port 0 takes a free one. @throws Error when the port cannot be taken */
export async function listen(server: Server, address: string, port: number): Promise<HttpServer> {
  await new Promise<void>((resolve, reject) => {
    server.once(
      'error',
      (error) => reject(new Error(`cannot listen on ${address}:${port}: ${error.message}; choose another port`)),
    );
    server.listen(port, address, resolve);
  });
  const taken = server.address();
  return {
    port: typeof taken === 'object' && taken !== null ? taken.port : port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
