/** The loop between a running `up` and commands in other terminals: HTTP on a private Unix socket. */
import { createServer, request, type Server } from 'node:http';
import { rm } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { z } from 'zod';
import type { KubeObject } from '../operator/cluster/cluster.ts';
import { systemCode } from './failure.ts';

const workersPath = '/workers';
const answerDeadlineMs = 5000;

const workerList = z.object({
  items: z.array(
    z.looseObject({
      apiVersion: z.string(),
      kind: z.string(),
      metadata: z.looseObject({ name: z.string(), namespace: z.string().optional() }),
    }),
  ),
});

/** An endpoint that answers until it is closed. */
export interface Endpoint {
  close(): Promise<void>;
}

/**
 * Serves the workers of this process at `socket`.
 * @returns undefined when another process answers there already
 */
export async function serveWorkers(
  socket: string,
  workers: () => readonly KubeObject[],
): Promise<Endpoint | undefined> {
  if (await isServed(socket)) return undefined;
  await rm(socket, { force: true }); // left behind by a process that was killed
  const server = createServer((incoming, response) => {
    const found = incoming.method === 'GET' && incoming.url === workersPath;
    response.writeHead(found ? 200 : 404, { 'content-type': 'application/json' });
    response.end(JSON.stringify(found ? { items: workers() } : { error: 'not found' }));
  });
  await listen(server, socket);
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/**
 * The workers of the process that serves `socket`.
 * @returns undefined when nobody does
 */
export async function fetchWorkers(socket: string): Promise<readonly KubeObject[] | undefined> {
  try {
    return workerList.parse(JSON.parse(await get(socket, workersPath))).items as KubeObject[];
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

function isServed(socket: string): Promise<boolean> {
  return get(socket, workersPath).then(() => true, (error: unknown) => !isAbsent(error));
}

function isAbsent(error: unknown): boolean {
  return ['ENOENT', 'ECONNREFUSED'].includes(systemCode(error) ?? '');
}

function get(socketPath: string, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const call = request(
      { socketPath, path, agent: false, signal: AbortSignal.timeout(answerDeadlineMs) },
      (response) => {
        text(response).then(resolve, reject);
      },
    );
    call.once('error', reject);
    call.end();
  });
}

function listen(server: Server, socket: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(socket, resolve);
  });
}
