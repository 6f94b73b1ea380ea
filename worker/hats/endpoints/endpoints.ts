/** Answers requests by the scripts that lie in Redis under their paths. */
import { endpointKey, escapeHtml, failureText, type ScriptFailure, scriptKeyPrefix } from '../../../contract/hats.ts';
import { isOutage } from '../../pod/outage.ts';
import { readBody, unreadBody } from '../../pod/http.ts';
import { BoundedLog } from '../bounded-log.ts';
import type { Host } from '../host.ts';
import { ignoreOutage } from '../scripts.ts';
import type { Endpoint } from '../store.ts';
import type { RequestSeen } from '../vm/messages.ts';
import type { VmPool } from '../vm-pool.ts';
import { type Answered, EndpointRun, timeoutMs } from './endpoint-run.ts';
import { answerOf, failed } from './answer.ts';

/** Requests that are under way at once; each has its turn at one of the processes. */
const mostAtOnce = 512;
/** Endpoints whose logs are kept apart. */
const mostLogs = 1000;

/** The endpoints of a cluster. */
export class Endpoints {
  readonly #host: Host;
  readonly #pool: VmPool;
  readonly #stopping: AbortSignal;
  readonly #logs = new Map<string, BoundedLog>();
  #underWay = 0;

  /** @param stopping aborted once the worker is to end */
  constructor(host: Host, pool: VmPool, stopping: AbortSignal) {
    this.#host = host;
    this.#pool = pool;
    this.#stopping = stopping;
  }

  /** Answers one request; never throws. */
  async answer(request: Request): Promise<Response> {
    if (this.#underWay >= mostAtOnce) return failed(503, 'Too many requests at once', { 'retry-after': '1' });
    this.#underWay++;
    try {
      return await this.#answer(request);
    } catch (error) {
      if (isOutage(error)) return failed(503, 'Redis does not answer', { 'retry-after': '1' });
      this.#host.logWith({}).error('an endpoint could not be answered', { reason: String(error) });
      return failed(500, 'The worker failed');
    } finally {
      this.#underWay--;
    }
  }

  async #answer(request: Request): Promise<Response> {
    const { store, monotonic } = this.#host;
    const { pathname, searchParams } = new URL(request.url);
    const path = decoded(pathname);
    if (path === undefined) return failed(400, 'Bad Request');
    const key = endpointKey(store.member.cluster, path);
    const endpoint = await store.endpoint(key);
    if (endpoint === undefined) return failed(404, 'Endpoint not found');
    const body = await readBody(request);
    if (body === undefined) return failed(413, unreadBody);
    const name = key.slice(scriptKeyPrefix(store.member.cluster, 'Endpoints').length);
    const running = { host: this.#host, pool: this.#pool, key, log: this.#logOf(name), stopping: this.#stopping };
    const began = monotonic();
    const seen: RequestSeen = {
      method: request.method,
      path: escapeHtml(path),
      query: queryOf(searchParams),
      headers: headersOf(request.headers),
      body,
    };
    const answered = await new EndpointRun(running).run(endpoint.source, seen, request.signal);
    void this.#note({ key, name, endpoint, ms: monotonic() - began }, answered).catch(ignoreOutage);
    return answerOf(answered);
  }

  /** What failed is told where all that counts and shows work reads; what works again has no error any more. */
  async #note(
    { key, name, endpoint, ms }: { key: string; name: string; endpoint: Endpoint; ms: number },
    answered: Answered,
  ): Promise<void> {
    const { store, results, logWith } = this.#host;
    const failure = failureOf(answered);
    if (failure === undefined) {
      if (endpoint.failed && answered.kind === 'done') await store.noteFailure(key, { error: '' });
      return;
    }
    logWith({ endpoint: name }).error('endpoint failed', { reason: failureText(failure) });
    const ref = `Endpoints:${name.slice(0, 400)}:${new Date().toISOString()}`;
    await Promise.all([store.noteFailure(key, failure), results.add({ ref, failure, ms })]);
  }

  #logOf(name: string): BoundedLog {
    const known = this.#logs.get(name);
    if (known) return known;
    if (this.#logs.size >= mostLogs) this.#logs.clear();
    const log = new BoundedLog(this.#host.logWith({ endpoint: name }), this.#host.monotonic);
    this.#logs.set(name, log);
    return log;
  }
}

function failureOf(answered: Answered): ScriptFailure | undefined {
  switch (answered.kind) {
    case 'failed':
      return answered.failure;
    case 'gone':
      return { error: answered.why };
    case 'late':
      return { error: `Error: the endpoint took longer than ${timeoutMs / 1000} s` };
    default:
      return undefined;
  }
}

function decoded(pathname: string): string | undefined {
  try {
    return decodeURIComponent(pathname);
  } catch {
    return undefined;
  }
}

function queryOf(given: URLSearchParams): Record<string, string[]> {
  const query: Record<string, string[]> = Object.create(null) as Record<string, string[]>;
  for (const [name, value] of given) (query[name] ??= []).push(value);
  return query;
}

/** By names in lower case. Whom the request was sent to is no header to these scripts. */
function headersOf(headers: Headers): Record<string, string> {
  return Object.fromEntries([...headers].filter(([name]) => name !== 'host'));
}
