/** The endpoints for probes and metrics: /healthz, /readyz, /metrics. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type HttpServer, listen } from './listen.ts';

export type { HttpServer } from './listen.ts';

/** A check gives undefined when all is well, or what is wrong. */
export type Check = () => string | undefined | Promise<string | undefined>;

/** The text of all metrics, and what it is. */
export interface RenderedMetrics {
  readonly contentType: string;
  render(): Promise<string>;
}

/** What is served, and where. */
export interface HttpOptions {
  /** Address to listen on, for example `0.0.0.0` or `127.0.0.1`. */
  readonly address: string;
  /** 0 takes a free port. */
  readonly port: number;
  /** Named checks of being alive: one that fails gets the pod restarted. */
  readonly healthz: Readonly<Record<string, Check>>;
  /** Named checks of being ready. */
  readonly readyz: Readonly<Record<string, Check>>;
  /** Not served here when absent. */
  readonly metrics?: RenderedMetrics | undefined;
}

interface Answer {
  readonly status: number;
  readonly type?: string;
  readonly body: string;
}

/** Starts listening. @throws Error when the port cannot be taken */
export function startHttp(options: HttpOptions): Promise<HttpServer> {
  const server = createServer((request, response) => void respond(options, request, response));
  return listen(server, options.address, options.port);
}

async function respond(options: HttpOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { status, type = 'text/plain; charset=utf-8', body } = await answer(options, request);
  response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' });
  response.end(request.method === 'HEAD' ? undefined : body);
}

async function answer(options: HttpOptions, request: IncomingMessage): Promise<Answer> {
  if (request.method !== 'GET' && request.method !== 'HEAD') return { status: 405, body: 'only GET is served\n' };
  switch (request.url?.split('?')[0]) {
    case '/healthz':
      return checked(options.healthz);
    case '/readyz':
      return checked(options.readyz);
    case '/metrics':
      if (options.metrics === undefined) {
        return { status: 404, body: 'metrics have a port of their own: see --metrics\n' };
      }
      return { status: 200, type: options.metrics.contentType, body: await options.metrics.render() };
    default:
      return {
        status: 404,
        body: `served are /healthz${options.metrics ? ', /readyz and /metrics' : ' and /readyz'}\n`,
      };
  }
}

/** One line per check, in the form that `kubectl get --raw /readyz?verbose` has. */
async function checked(checks: Readonly<Record<string, Check>>): Promise<Answer> {
  const results = await Promise.all(
    Object.entries(checks).map(async ([name, check]) => ({ name, problem: await problemOf(check) })),
  );
  const lines = results.map((
    { name, problem },
  ) => (problem === undefined ? `[+]${name} ok` : `[-]${name} failed: ${problem}`));
  const well = results.every(({ problem }) => problem === undefined);
  return { status: well ? 200 : 503, body: [...lines, well ? 'ok' : 'failed', ''].join('\n') };
}

async function problemOf(check: Check): Promise<string | undefined> {
  try {
    return await check();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
