/** JSON over HTTP to one API server: limited, with deadlines, retried where a repetition does no harm. */
import { type Dispatcher, request } from 'undici';
import { type BackOff, backOffMs } from '../../backoff.ts';
import type { Clock } from '../../clock.ts';
import { pause } from '../../pause.ts';
import type { ClusterError } from '../cluster.ts';
import { refusalError, silenceError } from './faults.ts';
import type { Hooks } from './hooks.ts';
import type { Access, Session } from './session.ts';
import { Throttle, type ThrottleLimits } from './throttle.ts';

/** One request; `path` carries the query. */
export interface Call {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly body?: object;
  /** Of the body; default `application/json`. */
  readonly contentType?: string;
  /** `Never` for calls whose repetition would mean something else. Default `Safe`. */
  readonly repeat?: 'Safe' | 'Never';
  /** Time for all tries together, in ms. Default 15 s. */
  readonly deadlineMs?: number;
}

/** The API server as seen from here. */
export interface Http {
  readonly server: string;
  /** Parsed JSON of a successful answer. @throws ClusterError */
  call(call: Call): Promise<unknown>;
  /** Body of a successful, unending GET, piece by piece. @throws ClusterError before the first piece, any error after */
  stream(path: string, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>>;
  close(): Promise<void>;
}

/** What the calls are made with. */
export interface HttpOptions {
  readonly session: Session;
  readonly clock: Clock;
  readonly hooks: Hooks;
  /** 0 to 1. */
  readonly random: () => number;
  readonly limits?: ThrottleLimits;
  readonly retry?: BackOff;
}

const defaultLimits: ThrottleLimits = { perSecond: 50, burst: 100, slots: 16 };
const defaultRetry: BackOff = { initialMs: 200, maxMs: 5000 };
const defaultDeadlineMs = 15_000;
const maxTries = 4;

/** Opens no connection by itself. */
export function openHttp(options: HttpOptions): Http {
  const { session, clock, limits = defaultLimits } = options;
  const throttle = new Throttle(limits, clock);
  return {
    server: session.server,
    async call(call) {
      const leave = await throttle.enter();
      try {
        return await tryUntilDeadline(options, call);
      } finally {
        leave();
      }
    },
    async stream(path, signal) {
      const asked = { method: 'GET' as const, path };
      try {
        return (await send(session, asked, signal, 'watches')).body;
      } catch (error) {
        throw silenceError(asked, session.server, error);
      }
    },
    close: () => session.close(),
  };
}

/** Keeps its slot of the throttle while it waits: a server that asks to slow down is asked less by all. */
async function tryUntilDeadline(
  { session, clock, hooks, random, retry = defaultRetry }: HttpOptions,
  call: Call,
): Promise<unknown> {
  const startedAt = clock.now();
  const deadlineMs = call.deadlineMs ?? defaultDeadlineMs;
  const deadline = AbortSignal.timeout(deadlineMs);
  const done = (status: number): void =>
    hooks.requestDone?.({ method: call.method, status, milliseconds: clock.now() - startedAt });
  for (let tries = 1;; tries += 1) {
    try {
      const { statusCode, body } = await send(session, call, deadline, 'calls');
      const answer = await body.json();
      done(statusCode);
      return answer;
    } catch (error) {
      const fault = silenceError(call, session.server, error);
      const waitMs = (fault.retryAfterMs ?? backOffMs(retry, tries, random)) * (1 + random() / 10);
      const enoughTime = clock.now() - startedAt + waitMs < deadlineMs;
      if (tries >= maxTries || !enoughTime || !mayRepeat(call, fault)) {
        done(fault.status);
        throw fault;
      }
      await pause(waitMs, clock, deadline);
    }
  }
}

/** 429 means that nothing was done, so anything may be said again; after other passing faults only what is safe. */
function mayRepeat({ repeat = 'Safe' }: Call, { status, reason }: ClusterError): boolean {
  if (status === 429) return true;
  return repeat === 'Safe' && (reason === 'Unreachable' || [502, 503, 504].includes(status));
}

/** One exchange, or two when credentials had to be renewed in between. @throws ClusterError for any other status than 2xx */
async function send(
  session: Session,
  call: Call,
  signal: AbortSignal,
  agents: 'calls' | 'watches',
): Promise<Dispatcher.ResponseData> {
  const access = await session.access();
  let response = await exchange(session, access, call, signal, agents);
  if (response.statusCode === 401) {
    await response.body.dump();
    response = await exchange(session, await session.renew(access), call, signal, agents);
  }
  if (response.statusCode >= 200 && response.statusCode < 300) return response;
  const retryAfter = response.headers['retry-after'];
  throw refusalError(call, {
    status: response.statusCode,
    retryAfter: typeof retryAfter === 'string' ? retryAfter : undefined,
    body: await response.body.text(),
  });
}

function exchange(
  session: Session,
  access: Access,
  call: Call,
  signal: AbortSignal,
  agents: 'calls' | 'watches',
): Promise<Dispatcher.ResponseData> {
  const { method, path, body, contentType = 'application/json' } = call;
  return request(`${session.server}${path}`, {
    dispatcher: access[agents],
    method,
    signal,
    headers: {
      accept: 'application/json',
      'user-agent': 'redisworker-operator',
      ...access.headers,
      ...(body === undefined ? {} : { 'content-type': contentType }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}
