/** The loop between a running `up` and commands in other terminals: HTTP on a private Unix socket. */
import { createServer, request, type Server } from 'node:http';
import { rm } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { z } from 'zod';
import type { KubeObject } from '../operator/cluster/cluster.ts';
import { Failure, systemCode } from './failure.ts';

const workersPath = '/workers';
const answerDeadlineMs = 3000;

const viewSchema = z.object({
  started: z.boolean(),
  items: z.array(
    z.looseObject({
      apiVersion: z.string(),
      kind: z.string(),
      metadata: z.looseObject({ name: z.string(), namespace: z.string().optional() }),
    }),
  ),
  problems: z.array(z.string()),
});

/** What a session says of itself. */
export interface SessionView {
  /** The manifests have been read. */
  readonly started: boolean;
  readonly items: readonly KubeObject[];
  /** What is wrong with the manifests now, one sentence each. */
  readonly problems: readonly string[];
}

/** An endpoint that answers until it is closed. */
export interface Endpoint {
  close(): Promise<void>;
}

/**
 * Serves the view of this process at `socket`.
 * @returns undefined when another process has it already
 */
export async function serveSession(socket: string, view: () => SessionView): Promise<Endpoint | undefined> {
  if (await isServed(socket)) return undefined;
  await rm(socket, { force: true }); // left behind by a process that was killed
  const server = createServer((incoming, response) => {
    const found = incoming.method === 'GET' && incoming.url === workersPath;
    response.writeHead(found ? 200 : 404, { 'content-type': 'application/json' });
    response.end(JSON.stringify(found ? view() : { error: 'not found' }));
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
 * What the session says of itself that serves `socket`.
 * @returns undefined when nobody does
 * @throws Failure when somebody does and says nothing
 */
export async function fetchSession(socket: string, deadlineMs = answerDeadlineMs): Promise<SessionView | undefined> {
  try {
    return viewSchema.parse(JSON.parse(await get(socket, workersPath, deadlineMs))) as SessionView;
  } catch (error) {
    if (isAbsent(error)) return undefined;
    if (!isSilent(error)) throw error;
    throw new Failure(
      `the session at ${socket} does not answer within ${
        deadlineMs / 1000
      } s: if it was stopped with Ctrl-Z, "fg" in its terminal lets it go on`,
      1,
      { cause: error },
    );
  }
}

function isServed(socket: string): Promise<boolean> {
  return get(socket, workersPath, answerDeadlineMs).then(() => true, (error: unknown) => !isAbsent(error));
}

/** Nobody listens, or whoever did went away in the middle of a word. */
function isAbsent(error: unknown): boolean {
  return ['ENOENT', 'ECONNREFUSED', 'ECONNRESET', 'EPIPE'].includes(systemCode(error) ?? '');
}

function isSilent(error: unknown): boolean {
  return error instanceof Error && error.name === 'TimeoutError';
}

async function get(socketPath: string, path: string, deadlineMs: number): Promise<string> {
  const signal = AbortSignal.timeout(deadlineMs);
  const answer = new Promise<string>((resolve, reject) => {
    const call = request({ socketPath, path, agent: false, signal }, (response) => {
      text(response).then(resolve, reject);
    });
    call.once('error', reject);
    call.end();
  });
  return answer.catch((error: unknown) => Promise.reject(signal.aborted ? signal.reason as Error : error as Error));
}

function listen(server: Server, socket: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(socket, resolve);
  });
}
