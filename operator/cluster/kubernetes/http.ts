/**
 * JSON over HTTP to one API server: in lanes, limited, with deadlines, retried where a repetition does no harm, and no
 * write of an object by a process that may no longer write.
 */
import { type BackOff, backOffMs } from '../../backoff.ts';
import type { Clock } from '../../clock.ts';
import { pause } from '../../pause.ts';
import { ClusterError } from '../cluster.ts';
import { type Answer, exchange } from './exchange.ts';
import { refusalError, silenceError } from './faults.ts';
import type { Hooks } from './hooks.ts';
import { type Access, maxCallConnections, type Session } from './session.ts';
import { Throttle, type ThrottledLane, type ThrottleLimits } from './throttle.ts';

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
  /** Who it may hold up. Default `Objects`. */
  readonly lane?: Lane;
}

/**
 * Nothing holds up the lease, nor what is urgent, which share connections of their own, nor questions of who may read
 * what; others take turns.
 */
export type Lane = 'Lease' | 'Urgent' | 'Reviews' | ThrottledLane;

/** The lanes that no throttle holds up. */
const unthrottled = { Lease: 'lease', Urgent: 'lease', Reviews: 'calls' } as const;

/** Whether this process may write objects: while it leads, if it stands for election. */
export interface Fence {
  holds(): boolean;
  /** Aborted when it holds no more; writes under way are broken off. */
  readonly lost: AbortSignal;
}

/** The API server as seen from here. */
export interface Http {
  readonly server: string;
  /** Parsed JSON of a successful answer. @throws ClusterError */
  call(call: Call): Promise<unknown>;
  /** Body of a successful, unending GET, piece by piece. @throws ClusterError before the first piece, any error after */
  stream(path: string, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>>;
  /** Breaks off what is under way. */
  close(): void;
}

/** What the calls are made with. */
export interface HttpOptions {
  readonly session: Session;
  readonly clock: Clock;
  readonly hooks: Hooks;
  /** 0 to 1. */
  readonly random: () => number;
  readonly fence: Fence;
  readonly limits?: ThrottleLimits;
  readonly retry?: BackOff;
}

const defaultLimits: ThrottleLimits = { slots: maxCallConnections };
const defaultRetry: BackOff = { initialMs: 200, maxMs: 5000 };
const defaultDeadlineMs = 15_000;
const maxTries = 4;

/** Opens no connection by itself. */
export function openHttp(options: HttpOptions): Http {
  const { session, clock, limits = defaultLimits } = options;
  const throttle = new Throttle(limits, clock);
  const closing = new AbortController();
  const answerTo = (call: Call): Promise<unknown> => tryUntilDeadline(options, call, closing.signal);
  return {
    server: session.server,
    async call(call) {
      const { lane = 'Objects' } = call;
      if (isUnthrottled(lane)) return answerTo(call);
      const leave = await throttle.enter(lane);
      try {
        return await answerTo(call);
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
    close() {
      closing.abort();
      session.close();
    },
  };
}

/** Keeps its slot of the throttle while it waits: a server that asks to slow down is asked less by all. */
async function tryUntilDeadline(
  { session, clock, hooks, random, fence, retry = defaultRetry }: HttpOptions,
  call: Call,
  closing: AbortSignal,
): Promise<unknown> {
  const startedAt = clock.now();
  const deadlineMs = call.deadlineMs ?? defaultDeadlineMs;
  const mayGoOn = isFenced(call) ? () => fence.holds() : () => true;
  const deadline = AbortSignal.any([
    AbortSignal.timeout(deadlineMs),
    closing,
    ...(isFenced(call) ? [fence.lost] : []),
  ]);
  const done = (status: number): void =>
    hooks.requestDone?.({ method: call.method, status, milliseconds: clock.now() - startedAt });
  for (let tries = 1;; tries += 1) {
    try {
      if (!mayGoOn()) throw notLeading(call);
      const answer = await send(session, call, deadline, connectionsOf(call));
      const body = JSON.parse(await answer.text()) as unknown;
      done(answer.status);
      return body;
    } catch (error) {
      const fault = mayGoOn() ? silenceError(call, session.server, error) : notLeading(call);
      const waitMs = (fault.retryAfterMs ?? backOffMs(retry, tries, random)) * (1 + random() / 10);
      const enoughTime = clock.now() - startedAt + waitMs < deadlineMs;
      if (tries >= maxTries || !enoughTime || closing.aborted || !mayRepeat(call, fault)) {
        done(fault.status);
        throw fault;
      }
      await pause(waitMs, clock, deadline);
    }
  }
}

function isUnthrottled(lane: Lane): lane is keyof typeof unthrottled {
  return lane in unthrottled;
}

function connectionsOf({ lane = 'Objects' }: Call): 'lease' | 'calls' {
  return isUnthrottled(lane) ? unthrottled[lane] : 'calls';
}

/** Events only tell of what was written before, and the lease is what the fence is made of. */
function isFenced({ method, lane }: Call): boolean {
  return method !== 'GET' && lane !== 'Events' && lane !== 'Lease' && lane !== 'Reviews';
}

function notLeading({ method, path }: Call): ClusterError {
  return new ClusterError(
    0,
    'NotLeading',
    `this process holds the lease no more: ${method} ${path.split('?', 1)[0] ?? path} is left to the next leader`,
  );
}

/** 429 means that nothing was done, so anything may be said again; after other passing faults only what is safe. */
function mayRepeat({ repeat = 'Safe' }: Call, { status, reason }: ClusterError): boolean {
  if (status === 429) return true;
  if (reason === 'NotLeading') return false;
  return repeat === 'Safe' && (reason === 'Unreachable' || [502, 503, 504].includes(status));
}

type Which = keyof Omit<Access, 'headers'>;

/** Longest time until a watch begins. */
const watchHeadMs = 30_000;

/** One exchange, or two when credentials had to be renewed in between. @throws ClusterError for any other status than 2xx */
async function send(session: Session, call: Call, signal: AbortSignal, which: Which): Promise<Answer> {
  const access = session.access();
  let answer = await ask(session, access, call, signal, which);
  if (answer.status === 401) {
    answer.skip();
    answer = await ask(session, await unlessAborted(session.renew(access), signal), call, signal, which);
  }
  if (answer.status >= 200 && answer.status < 300) return answer;
  throw refusalError(call, {
    status: answer.status,
    retryAfter: answer.headers['retry-after'],
    body: await answer.text(),
  });
}

function ask(session: Session, access: Access, call: Call, signal: AbortSignal, which: Which): Promise<Answer> {
  const { method, path, contentType = 'application/json' } = call;
  const body = call.body === undefined ? undefined : JSON.stringify(call.body);
  return exchange({
    url: `${session.server}${path}`,
    method,
    connections: access[which],
    signal,
    headers: {
      accept: 'application/json',
      'user-agent': 'redisworker-operator',
      ...access.headers,
      ...(body === undefined ? {} : { 'content-type': contentType, 'content-length': String(Buffer.byteLength(body)) }),
    },
    ...(body === undefined ? {} : { body }),
    ...(which === 'watches' ? { headMs: watchHeadMs } : {}),
  });
}

/** A plugin that hangs must not outlast the deadline of who waits for it. */
function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
    promise.then(resolve, reject);
  });
}
