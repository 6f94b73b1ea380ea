/**
 * One exchange with the API server by Node's own HTTP client: a request, the head of its answer, the body as it comes. A
 * client that brings its own parser costs an idle operator a fifth of its memory.
 */
import { Agent as HttpAgent, type ClientRequest, type IncomingMessage, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { Socket } from 'node:net';
import type { Tls } from './credentials.ts';

/** Connections that are kept open for the next request. */
export type Connections = HttpAgent;

/** What is asked, of whom. */
export interface Question {
  /** Server and path. */
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly connections: Connections;
  readonly signal: AbortSignal;
  /** Longest time from the question to the head of the answer. */
  readonly headMs?: number;
}

/** The answer: its head, and its body once. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  /** Piece by piece. */
  readonly body: AsyncIterable<Uint8Array>;
  /** All of it. */
  text(): Promise<string>;
  /** Not wanted: lets its connection be used again. */
  skip(): void;
}

/** Longest time until a connection stands. */
const connectMs = 10_000;
/** Servers and what is between close what is idle; they may not do so just when it is used again. */
const idleMs = 4000;

/** Opens none by itself. @param most how many there are at once */
export function openConnections(server: string, tls: Tls, most = Infinity): Connections {
  const options = { keepAlive: true, keepAliveMsecs: 30_000, maxSockets: most, timeout: idleMs };
  return server.startsWith('http:') ? new HttpAgent(options) : new HttpsAgent({ ...options, ...tls });
}

/** Ends them after what is under way on them. */
export function retire(connections: Connections): void {
  connections.maxFreeSockets = 0;
  for (const idle of Object.values(connections.freeSockets)) for (const socket of idle ?? []) socket.destroy();
}

/** Rejects with the reason of the signal when that breaks it off, else with what is wrong with the connection. */
export async function exchange(question: Question): Promise<Answer> {
  const { signal } = question;
  signal.throwIfAborted();
  const broken = (error: unknown): never => {
    throw signal.aborted ? signal.reason : error;
  };
  const message = await ask(question).catch(broken);
  return {
    status: message.statusCode ?? 0,
    headers: message.headers,
    body: message as AsyncIterable<Uint8Array>,
    text: () => wholeOf(message).catch(broken),
    skip: () => void message.on('error', () => undefined).resume(),
  };
}

function ask({ url, method, headers, body, connections, signal, headMs }: Question): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const open = url.startsWith('http:') ? httpRequest : httpsRequest;
    const request = open(url, { method, headers, agent: connections, signal });
    limitConnecting(request, url.startsWith('http:') ? 'connect' : 'secureConnect');
    const late = headMs === undefined ? undefined : setTimeout(
      () => request.destroy(new DOMException('the head of the answer did not come in time', 'TimeoutError')),
      headMs,
    );
    request.once('close', () => clearTimeout(late));
    request.once('response', (message) => {
      clearTimeout(late);
      resolve(message);
    });
    request.on('error', reject); // one after the answer is told by its body
    request.end(body);
  });
}

/** Connections that a question was opened for; they serve others after it, and some that have waited for one. */
const opened = new WeakSet<Socket>();

function limitConnecting(request: ClientRequest, connected: 'connect' | 'secureConnect'): void {
  request.once('socket', (socket) => {
    if (opened.has(socket)) return;
    opened.add(socket);
    const late = setTimeout(() => request.destroy(new Error(`no connection after ${connectMs / 1000} s`)), connectMs);
    const stop = (): void => {
      clearTimeout(late);
      socket.off(connected, stop).off('close', stop);
    };
    socket.once(connected, stop).once('close', stop);
  });
}

async function wholeOf(message: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
