/** /metrics on a port of its own: over TLS where there is a certificate, for those alone who may read it where that is asked. */
import {
  createServer as createPlain,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
} from 'node:http';
import { createServer as createSecure } from 'node:https';
import type { Clock } from '../clock.ts';
import type { Followed } from '../followed-files.ts';
import type { RenderedMetrics } from './http.ts';
import { type HttpServer, listen } from './listen.ts';
import type { Guard, Verdict } from './metrics-guard.ts';

/** A certificate in PEM, and its key. */
export interface ServerIdentity {
  readonly cert: string;
  readonly key: string;
}

/** What is served, and to whom. */
export interface MetricsServerOptions {
  readonly address: string;
  /** 0 takes a free port. */
  readonly port: number;
  /** Plain HTTP when absent. */
  readonly identity?: Followed<ServerIdentity> | undefined;
  /** Everybody is answered when absent. */
  readonly guard?: Guard | undefined;
  readonly metrics: RenderedMetrics;
  readonly clock: Clock;
  readonly log: Record<'info' | 'warn', (fields: object, message: string) => void>;
}

/** Starts listening. @throws Error when the port cannot be taken */
export async function startMetricsServer(options: MetricsServerOptions): Promise<HttpServer> {
  const { address, port, identity, clock, log } = options;
  const answer: RequestListener = (request, response) => void respond(options, request, response);
  if (identity === undefined) return await listen(createPlain(answer), address, port);
  const server = createSecure(identity.current(), answer);
  const listening = await listen(server, address, port);
  const followed = identity.follow(clock, {
    changed() {
      server.setSecureContext(identity.current());
      log.info({ port: listening.port }, 'the certificate of /metrics changed');
    },
    problem: (problem) => log.warn({ problem }, 'a new certificate of /metrics is not used'),
  });
  return {
    ...listening,
    close() {
      followed.stop();
      return listening.close();
    },
  };
}

async function respond(
  options: MetricsServerOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { status, type = 'text/plain; charset=utf-8', headers, body } = await answerTo(options, request);
  response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store', ...headers });
  response.end(request.method === 'HEAD' ? undefined : body);
}

interface Answer {
  readonly status: number;
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
}

async function answerTo({ guard, metrics }: MetricsServerOptions, request: IncomingMessage): Promise<Answer> {
  if (request.method !== 'GET' && request.method !== 'HEAD') return { status: 405, body: 'only GET is served\n' };
  if (request.url?.split('?')[0] !== '/metrics') return { status: 404, body: 'served is /metrics\n' };
  const verdict = await guard?.(request.headers.authorization);
  return verdict === undefined || verdict.kind === 'Allowed'
    ? { status: 200, type: metrics.contentType, body: await metrics.render() }
    : refusalOf(verdict);
}

function refusalOf(verdict: Exclude<Verdict, { kind: 'Allowed' }>): Answer {
  switch (verdict.kind) {
    case 'Unauthenticated':
      return {
        status: 401,
        headers: { 'www-authenticate': 'Bearer' },
        body: 'show the token of a ServiceAccount: "Authorization: Bearer <token>"\n',
      };
    case 'Forbidden':
      return {
        status: 403,
        body: `${verdict.user} may not read this: grant it the verb get on the nonResourceURL /metrics\n`,
      };
    case 'Unknown':
      return { status: 503, body: `who asks cannot be found out: ${verdict.why}\n` };
  }
}
