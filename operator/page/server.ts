/**
 * The status page and its data over HTTP. The page itself holds nothing worth keeping and is given to everybody; data
 * takes an Authorization header, which no other site can have a browser send.
 */
import { createServer as createPlain, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createSecure } from 'node:https';
import type { Clock } from '../clock.ts';
import type { Followed } from '../followed-files.ts';
import { type HttpServer, listen } from '../observability/listen.ts';
import type { Guard, Verdict } from '../observability/metrics-guard.ts';
import type { ServerIdentity } from '../observability/metrics-server.ts';
import { originProblem } from './origin.ts';
import type { PageFile } from './html.ts';
import { readRequest } from './read-request.ts';
import { Refused } from './refused.ts';
import type { PageSource } from './source.ts';

/** What is served, where, and to whom. */
export interface PageServerOptions {
  readonly address: string;
  /** 0 takes a free port. */
  readonly port: number;
  /** Plain HTTP when absent. */
  readonly identity?: Followed<ServerIdentity> | undefined;
  /** Judges the Authorization header of every request for data. */
  readonly guard: Guard;
  /** What somebody without it is told. */
  readonly howToEnter: string;
  /** Host names under which it may be asked, any when absent: a name of somebody else may lead here too. */
  readonly hosts?: readonly string[];
  readonly page: () => Promise<PageFile>;
  readonly source: PageSource;
  readonly clock: Clock;
  readonly log: Record<'info' | 'warn', (fields: object, message: string) => void>;
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Of every answer. Nothing is kept by a browser, told to another site, framed, or guessed to be of another type. */
const always = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'x-frame-options': 'DENY',
};
const nothing = "default-src 'none'; frame-ancestors 'none'";
/** Questions to Redis at once: each takes a connection. */
const askedMost = 8;

/** Starts listening. @throws Error when the port cannot be taken */
export async function startPageServer(options: PageServerOptions): Promise<HttpServer> {
  const { address, port, identity, clock, log, source } = options;
  const answer = (request: IncomingMessage, response: ServerResponse): void => void respond(options, request, response);
  const server = identity === undefined ? createPlain(answer) : createSecure(identity.current(), answer);
  server.requestTimeout = 30_000;
  const listening = await listen(server, address, port);
  const followed = identity?.follow(clock, {
    changed() {
      if ('setSecureContext' in server) server.setSecureContext(identity.current());
      log.info({ port: listening.port }, 'the certificate of the status page changed');
    },
    problem: (problem) => log.warn({ problem }, 'a new certificate of the status page is not used'),
  });
  return {
    ...listening,
    close() {
      followed?.stop();
      source.stop();
      return listening.close();
    },
  };
}

async function respond(options: PageServerOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { status, headers, body } = await answerTo(options, request).catch(refusal);
  response.writeHead(status, { ...always, ...headers });
  response.end(request.method === 'HEAD' ? undefined : body);
}

async function answerTo(options: PageServerOptions, request: IncomingMessage): Promise<Answer> {
  const problem = originProblem(request.headers, options.hosts);
  if (problem !== undefined) throw new Refused(403, problem);
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://page');
  if (pathname === '/') return await pageAnswer(options, request);
  const [, data, ...path] = pathname.split('/').map(decoded);
  if (data !== 'data') throw new Refused(404, 'there is nothing here: the page is at /');
  await mustEnter(options, request);
  return dataAnswer(await dataOf(options.source, request, path, searchParams));
}

async function pageAnswer({ page }: PageServerOptions, { method }: IncomingMessage): Promise<Answer> {
  if (method !== 'GET' && method !== 'HEAD') throw new Refused(405, 'only GET is served');
  const { html, contentSecurityPolicy } = await page();
  const headers = { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': contentSecurityPolicy };
  return { status: 200, headers, body: html };
}

async function mustEnter({ guard, howToEnter }: PageServerOptions, { headers }: IncomingMessage): Promise<void> {
  const verdict = await guard(headers.authorization);
  if (verdict.kind !== 'Allowed') throw refusedBy(verdict, howToEnter);
}

function refusedBy(verdict: Exclude<Verdict, { kind: 'Allowed' }>, howToEnter: string): Refused {
  switch (verdict.kind) {
    case 'Unauthenticated':
      return new Refused(401, howToEnter);
    case 'Forbidden':
      return new Refused(403, `${verdict.user} may not see this: grant it the verb get on the nonResourceURL /page`);
    case 'Unknown':
      return new Refused(503, `who asks cannot be found out: ${verdict.why}`);
  }
}

async function dataOf(
  source: PageSource,
  request: IncomingMessage,
  path: readonly string[],
  query: URLSearchParams,
): Promise<unknown> {
  const [kind, namespace = '', name = '', what, id = '', verb] = path;
  const worker = `${namespace}/${name}`;
  if (request.method === 'POST') return await act(source, request, worker, [what, id, verb]);
  if (request.method !== 'GET') throw new Refused(405, 'only GET and POST are served');
  if (kind === 'overview') return await source.overview((query.get('q') ?? '').trim().slice(0, 200));
  if (kind === 'workers' && what === undefined) return await source.depth(worker);
  if (kind === 'workers' && what === 'trace') return await busy(() => source.trace(worker, query.get('ref') ?? ''));
  if (kind === 'workers' && what === 'dead') return await busy(() => source.deadLetters(worker));
  throw new Refused(404, 'there is no such data');
}

async function act(
  { acts }: PageSource,
  request: IncomingMessage,
  worker: string,
  [what, id = '', verb]: readonly (string | undefined)[],
): Promise<unknown> {
  if (acts === undefined) throw new Refused(405, 'this page only shows: only GET is served');
  if (what === 'send') {
    const asked = await readRequest(request);
    return await busy(() => acts.send(worker, asked));
  }
  if (what !== 'dead' || verb !== 'replay' || !/^\d{1,20}-\d{1,20}$/.test(id)) {
    throw new Refused(404, 'there is nothing to be done here');
  }
  await readRequest(request);
  await busy(() => acts.replay(worker, id));
  return {};
}

let underWay = 0;

async function busy<T>(ask: () => Promise<T>): Promise<T> {
  if (underWay >= askedMost) throw new Refused(503, 'too much is asked at once: try again');
  underWay += 1;
  return await ask().finally(() => underWay -= 1);
}

function dataAnswer(value: unknown, status = 200): Answer {
  const headers = { 'content-type': 'application/json; charset=utf-8', 'content-security-policy': nothing };
  return { status, headers, body: JSON.stringify(value) };
}

function refusal(error: unknown): Answer {
  const status = error instanceof Refused ? error.status : 500;
  const answer = dataAnswer({ error: error instanceof Error ? error.message : String(error) }, status);
  return status === 401 ? { ...answer, headers: { ...answer.headers, 'www-authenticate': 'Bearer' } } : answer;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new Refused(400, 'the path is not encoded as it has to be');
  }
}
