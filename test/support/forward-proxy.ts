/** A forward proxy on loopback that answers everything itself, and a server behind it that says so when it is reached directly. */
import { createServer, type Server } from 'node:http';
import { freePort } from './processes.ts';

/** Both of them. */
export interface ForwardProxy {
  readonly proxyUrl: string;
  /** `127.0.0.1:port` of the server; it answers `direct`. */
  readonly target: string;
  /** URLs that were asked for through the proxy. */
  readonly proxied: string[];
  stop(): Promise<void>;
}

/** Starts both. */
export async function startForwardProxy(): Promise<ForwardProxy> {
  const proxied: string[] = [];
  const proxy = createServer((request, response) => {
    proxied.push(request.url ?? '');
    response.end('proxied');
  });
  const server = createServer((_, response) => response.end('direct'));
  const [proxyPort, port] = [await listen(proxy), await listen(server)];
  return {
    proxyUrl: `http://127.0.0.1:${proxyPort}`,
    target: `127.0.0.1:${port}`,
    proxied,
    async stop() {
      await Promise.all([proxy, server].map((one) =>
        new Promise((resolve) => {
          one.close(resolve);
          one.closeAllConnections();
        })
      ));
    },
  };
}

async function listen(server: Server): Promise<number> {
  const port = await freePort();
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve));
  return port;
}
