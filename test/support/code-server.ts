/** An HTTP server that serves modules, and remembers who asked for what. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A text, served as TypeScript or, by its path, as JSON; or what is done with a request. */
export type Served = string | ((request: IncomingMessage, response: ServerResponse) => void);

/** A server under way. */
export interface CodeServer {
  /** `http://127.0.0.1:<port>`. */
  readonly url: string;
  readonly host: string;
  readonly port: number;
  /** What is served at a path now; what is not here is a 404. */
  readonly routes: Map<string, Served>;
  /** Of each request: its path, and the header Authorization. */
  readonly asked: { readonly path: string; readonly authorization: string | undefined }[];
  close(): Promise<void>;
}

/** Starts one. @param at a port that was its own before; a free one when absent. @param address loopback when absent */
export async function startCodeServer(
  routes: Readonly<Record<string, Served>> = {},
  at = 0,
  address = '127.0.0.1',
): Promise<CodeServer> {
  const served = new Map<string, Served>(Object.entries(routes));
  const asked: CodeServer['asked'] = [];
  const server = createServer((request, response) => {
    const path = request.url ?? '/';
    asked.push({ path, authorization: request.headers.authorization });
    const found = served.get(path) ?? served.get(path.split('?')[0] ?? path);
    if (typeof found === 'function') found(request, response);
    else if (found === undefined) response.writeHead(404).end('there is nothing here');
    else response.writeHead(200, { 'content-type': typeOf(path) }).end(found);
  });
  await new Promise<void>((resolve) => server.listen(at, address, resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    host: `127.0.0.1:${port}`,
    port,
    routes: served,
    asked,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function typeOf(path: string): string {
  return path.endsWith('.json')
    ? 'application/json'
    : path.endsWith('.js')
    ? 'text/javascript'
    : 'application/typescript';
}

/** Sends whoever asks elsewhere. */
export function redirectTo(location: string): Served {
  return (_request, response) => void response.writeHead(302, { location }).end();
}

/** Answers with a status alone. */
export function answerWith(status: number): Served {
  return (_request, response) =>
    void response.writeHead(status, { 'content-type': 'application/typescript' }).end('no');
}
