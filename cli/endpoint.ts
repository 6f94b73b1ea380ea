/** The loop between a running `up` and commands in other terminals: HTTP on a private Unix socket. */
import { createServer, request, type Server } from 'node:http';
import { rm } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { z } from 'zod';
import type { KubeObject } from '../operator/cluster/cluster.ts';
import { Failure, systemCode } from './failure.ts';
import { type PodLine, podLine } from './kept-lines.ts';

const paths = { view: '/workers', events: '/events', lines: '/lines' } as const;
const resolvePath = '/resolve';
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

const eventsSchema = z.array(z.object({
  kind: z.string(),
  ref: z.object({ namespace: z.string().optional(), name: z.string() }),
  type: z.string(),
  reason: z.string(),
  message: z.string(),
  count: z.number(),
  lastTime: z.string(),
}));

const resolveWish = z.object({ namespace: z.string(), name: z.string(), wish: z.string().min(1).max(1024) });

/** A worker whose code is to be resolved again. */
export type ResolveWish = z.infer<typeof resolveWish>;

/** What was told about an object of the session. */
export type SessionEvent = z.infer<typeof eventsSchema>[number];

/** What a session says of itself. */
export interface SessionView {
  /** The manifests have been read. */
  readonly started: boolean;
  readonly items: readonly KubeObject[];
  /** What is wrong with the manifests now, one sentence each. */
  readonly problems: readonly string[];
}

/** What an endpoint answers with. */
export interface Answers {
  view(): SessionView;
  /** Oldest first. */
  events(): readonly SessionEvent[];
  /** What its pods have printed behind the line with this number, oldest first. */
  lines(after: number): readonly PodLine[];
  /** Has the code of a worker resolved again. */
  resolve(wish: ResolveWish): Promise<void>;
}

/** A session that is there and says nothing: it was stopped, or its machine is busy. */
export class SilentSession extends Failure {}

/** An endpoint that answers until it is closed. */
export interface Endpoint {
  close(): Promise<void>;
}

/**
 * Serves what this process knows at `socket`.
 * @returns undefined when another process has it already
 */
export async function serveSession(socket: string, answers: Answers): Promise<Endpoint | undefined> {
  if (await isServed(socket)) return undefined;
  await rm(socket, { force: true }); // left behind by a process that was killed
  const server = createServer((incoming, response) => {
    const { pathname, searchParams } = new URL(incoming.url ?? '', 'http://session');
    if (incoming.method === 'POST' && pathname === resolvePath) {
      void resolving(incoming, answers).then((status) => response.writeHead(status).end());
      return;
    }
    const asked = Object.entries(paths).find(([, path]) => incoming.method === 'GET' && pathname === path);
    const after = Number(searchParams.get('after'));
    response.writeHead(asked ? 200 : 404, { 'content-type': 'application/json' });
    response.end(JSON.stringify(asked ? answers[asked[0] as keyof typeof paths](after) : { error: 'not found' }));
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

/** @returns the status of the answer */
async function resolving(incoming: Readable, answers: Answers): Promise<number> {
  try {
    await answers.resolve(resolveWish.parse(JSON.parse(await text(incoming))));
    return 204;
  } catch {
    return 400;
  }
}

/** Has the session that serves `socket` resolve the code of a worker again. @throws Failure when it does not */
export async function askToResolve(socketPath: string, wish: ResolveWish): Promise<void> {
  const signal = AbortSignal.timeout(answerDeadlineMs);
  const { promise, resolve, reject } = Promise.withResolvers<number | undefined>();
  request({ socketPath, path: resolvePath, method: 'POST', agent: false, signal }, (response) => {
    response.resume();
    resolve(response.statusCode);
  }).once('error', reject).end(JSON.stringify(wish));
  const status = await promise.catch(() => undefined);
  if (status !== 204) throw new Failure(`the session at ${socketPath} does not take it: is it still running?`);
}

/**
 * What the session says of itself that serves `socket`.
 * @returns undefined when nobody does
 * @throws SilentSession when somebody does and says nothing
 */
export async function fetchSession(socket: string, deadlineMs = answerDeadlineMs): Promise<SessionView | undefined> {
  return await fetched(socket, paths.view, viewSchema, deadlineMs) as SessionView | undefined;
}

/** What the session that serves `socket` has told of its objects, oldest first; otherwise as {@link fetchSession}. */
export function fetchEvents(socket: string): Promise<readonly SessionEvent[] | undefined> {
  return fetched(socket, paths.events, eventsSchema, answerDeadlineMs);
}

/** What the pods of the session have printed behind a line; otherwise as {@link fetchSession}. */
export function fetchLines(socket: string, after: number): Promise<readonly PodLine[] | undefined> {
  return fetched(socket, `${paths.lines}?after=${after}`, z.array(podLine), answerDeadlineMs);
}

async function fetched<Told>(
  socket: string,
  path: string,
  schema: z.ZodType<Told>,
  deadlineMs: number,
): Promise<Told | undefined> {
  try {
    return schema.parse(JSON.parse(await get(socket, path, deadlineMs)));
  } catch (error) {
    if (isAbsent(error)) return undefined;
    if (!isSilent(error)) throw error;
    throw new SilentSession(
      `the session at ${socket} does not answer within ${
        deadlineMs / 1000
      } s: if it was stopped with Ctrl-Z, "fg" in its terminal lets it go on`,
      1,
      { cause: error },
    );
  }
}

function isServed(socket: string): Promise<boolean> {
  return get(socket, paths.view, answerDeadlineMs).then(() => true, (error: unknown) => !isAbsent(error));
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
