/** Calls of modules over HTTP: `/<module>/<function>?<arguments>`, and `/<module>` to load one anew. */
import { BrokerError } from '../../broker/mod.ts';
import { TimeIsUp } from '../handler/outcome.ts';
import { Reply } from '../mod.ts';
import { fullMessage, isInstance, propertyOf } from '../pod/foreign.ts';
import { readBody, unreadBody, withoutBody } from '../pod/http.ts';
import type { ModuleHost } from './host.ts';

/** What a path asks for. */
interface Asked {
  readonly module: string;
  /** Absent: the module is loaded anew. */
  readonly functionName: string | undefined;
  /** Whose instance of the module is meant. */
  readonly id: string | undefined;
  readonly query: Readonly<Record<string, string>>;
}

/** Answers requests by calls of the modules; never throws. */
export function answerHttp(host: ModuleHost): (request: Request) => Promise<Response> {
  return async (request) => {
    const asked = askedBy(new URL(request.url));
    if (asked === undefined) return new Response('Not found: call /<module>/<function>\n', { status: 404 });
    try {
      return await answer(host, asked, request);
    } catch (error) {
      return refusal(error);
    }
  };
}

async function answer(
  host: ModuleHost,
  { module, functionName, id, query }: Asked,
  request: Request,
): Promise<Response> {
  if (functionName === undefined) {
    await host.reload({ module, id });
    return new Response('Module reloaded');
  }
  const args = await argumentsOf(request, query);
  const value = await host.call({ module, functionName, id }, args, { signal: request.signal });
  if (value instanceof Response) return value;
  return value === undefined ? new Response(null, { status: 204 }) : Response.json(value);
}

function askedBy({ pathname, searchParams }: URL): Asked | undefined {
  const [, module, functionName] = /^\/([^/]+)(?:\/([^/]+))?\/?$/.exec(pathname) ?? [];
  if (module === undefined) return undefined;
  const { id, ...query } = Object.fromEntries(searchParams);
  return { module, functionName, id, query };
}

/** A list in the body, or one object with what the query says. @throws Reply 400 for another body, 413 for too long a one */
async function argumentsOf(request: Request, query: Asked['query']): Promise<readonly unknown[]> {
  if (!/\bjson\b/.test(request.headers.get('content-type') ?? '')) return [query];
  const body = await readBody(request);
  if (body === undefined) throw new Reply(413, unreadBody);
  const given = parsed(body);
  if (!Array.isArray(given)) {
    throw new Reply(400, 'the body must be the list of arguments as JSON, for example ["Ada"]');
  }
  return given;
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

/** What a call that failed is answered with. */
function refusal(error: unknown): Response {
  if (isInstance(error, Response)) return error;
  if (Reply.is(error)) return replied(error);
  const cause = propertyOf(error, 'cause');
  const isOverloaded = cause instanceof BrokerError && cause.code === 'Overloaded';
  const status = isInstance(error, TimeIsUp) ? 504 : isOverloaded ? 503 : 500;
  return new Response(fullMessage(error), { status });
}

function replied({ code, body }: Reply): Response {
  const status = code >= 200 && code <= 599 ? code : 500;
  if (withoutBody.includes(status)) return new Response(null, { status });
  return typeof body === 'string' ? new Response(body, { status }) : Response.json(body ?? null, { status });
}
