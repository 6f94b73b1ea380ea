/** A TLS server that behaves as badly as a test says: for faults a real API server cannot be made to show. */
import type { Duplex } from 'node:stream';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAuthority, createCertificate } from './control-plane/certificates.ts';

/** A request as it came. */
export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  /** Text of the body. */
  readonly body: string;
}

/** What the server does with a request. */
export type Behaviour = (request: SeenRequest, response: ServerResponse) => void;

/** The running server. */
export interface FaultApiServer {
  /** A kubeconfig whose user logs in with the token in {@link FaultApiServer.tokenPath}. */
  readonly kubeconfigPath: string;
  readonly tokenPath: string;
  readonly url: string;
  readonly requests: readonly SeenRequest[];
  /** TLS connections accepted so far. */
  connections(): number;
  /** Replaces the behaviour and forgets the requests so far. */
  behave(behaviour: Behaviour): void;
  /** Takes connections that are to become something else than HTTP. */
  upgrade(take: (incoming: IncomingMessage, socket: Duplex) => void): void;
  stop(): Promise<void>;
}

/** The token of a fresh server. */
export const firstToken = 'token-1-of-the-test';

/** Starts it; every request gets 404 until {@link FaultApiServer.behave} is called. */
export async function startFaultApiServer(): Promise<FaultApiServer> {
  const dir = await mkdtemp(join(tmpdir(), 'redisworker-fault-'));
  await createAuthority(dir);
  await createCertificate(dir, {
    name: 'server',
    subject: '/CN=localhost',
    usage: 'serverAuth',
    names: ['IP:127.0.0.1'],
  });
  const file = (name: string): string => join(dir, name);
  const server = createServer({ cert: readFileSync(file('server.crt')), key: readFileSync(file('server.key')) });
  const url = await listen(server);
  await writeFile(file('token'), firstToken);
  await writeFile(file('kubeconfig'), kubeconfig(url, file('ca.crt'), file('token')));

  const requests: SeenRequest[] = [];
  let connections = 0;
  let behaviour: Behaviour = (_, response) => answerStatus(response, 404, 'NotFound', 'nothing is here');
  server.on('secureConnection', () => {
    connections += 1;
  });
  server.on('request', (incoming, response) => {
    void read(incoming).then((seen) => {
      requests.push(seen);
      behaviour(seen, response);
    });
  });
  return {
    kubeconfigPath: file('kubeconfig'),
    tokenPath: file('token'),
    url,
    requests,
    connections: () => connections,
    upgrade: (take) => void server.on('upgrade', take),
    behave(next) {
      behaviour = next;
      requests.length = 0;
    },
    async stop() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** Answers with JSON. */
export function answer(
  response: ServerResponse,
  status: number,
  body: object,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
}

/** Answers with a Status, as the API server words its refusals. */
export function answerStatus(
  response: ServerResponse,
  code: number,
  reason: string,
  message: string,
  headers: Record<string, string> = {},
): void {
  answer(response, code, {
    kind: 'Status',
    apiVersion: 'v1',
    status: 'Failure',
    code,
    reason,
    message,
    details: { name: 'x' },
  }, headers);
}

/** Answers with a list of ConfigMaps. */
export function answerList(
  response: ServerResponse,
  resourceVersion: string,
  items: readonly object[],
  next?: string,
): void {
  answer(response, 200, {
    kind: 'ConfigMapList',
    apiVersion: 'v1',
    metadata: { resourceVersion, continue: next },
    items,
  });
}

/** A watch in the server's hands. */
export interface OpenWatch {
  send(type: string, object: object): void;
  /** Bytes as they are. */
  raw(text: string): void;
  end(): void;
  /** Cuts the connection in the middle of the answer. */
  reset(): void;
}

/** Answers a watch and leaves it open. */
export function openWatch(response: ServerResponse): OpenWatch {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.flushHeaders();
  return {
    send: (type, object) => {
      response.write(`${JSON.stringify({ type, object })}\n`);
    },
    raw: (text) => {
      response.write(text);
    },
    end: () => {
      response.end();
    },
    reset: () => {
      response.socket?.destroy();
    },
  };
}

async function read(incoming: IncomingMessage): Promise<SeenRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const { pathname, searchParams } = new URL(incoming.url ?? '/', 'https://fault');
  return {
    method: incoming.method ?? '',
    path: pathname,
    query: searchParams,
    headers: incoming.headers,
    body: Buffer.concat(chunks).toString(),
  };
}

function listen(server: Server): Promise<string> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve(`https://127.0.0.1:${(server.address() as AddressInfo).port}`));
  });
}

function kubeconfig(server: string, ca: string, tokenFile: string): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'test',
    clusters: [{ name: 'test', cluster: { server, 'certificate-authority': ca } }],
    users: [{ name: 'test', user: { 'auth-provider': { name: 'tokenFile', config: { tokenFile } } } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'test', namespace: 'here' } }],
  });
}
