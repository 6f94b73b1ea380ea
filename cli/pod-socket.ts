/** A WebSocket to a subresource of a pod, through the API server, as kubectl opens one. */
import { randomBytes } from 'node:crypto';
import { type IncomingMessage, request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Duplex } from 'node:stream';
import { text } from 'node:stream/consumers';
import { z } from 'zod';
import type { ClusterConfig } from '../operator/cluster/kubernetes/credentials.ts';
import { Failure, messageOf } from './failure.ts';

/** Which pod. */
export interface PodName {
  readonly namespace: string;
  readonly pod: string;
}

/** What is asked of it. */
export interface PodSocket extends PodName {
  /** The subresource. */
  readonly what: 'exec' | 'portforward';
  readonly query: URLSearchParams;
  readonly protocol: string;
  /** Why it may not be opened. */
  readonly forbidden: string;
}

/** Opens it. @throws Failure with the server's words */
export async function openPodSocket(config: ClusterConfig, asked: PodSocket): Promise<Duplex> {
  const { tls, headers } = await config.credentials();
  const { namespace, pod, what, query, protocol } = asked;
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(pod)}/${what}`;
  const url = `${config.server}${path}?${query.toString()}`;
  const open = url.startsWith('http:') ? httpRequest : httpsRequest;
  return await new Promise((resolve, reject) => {
    const request = open(url, {
      ...tls,
      agent: false,
      headers: {
        ...headers,
        connection: 'Upgrade',
        upgrade: 'websocket',
        'sec-websocket-version': '13',
        'sec-websocket-key': randomBytes(16).toString('base64'),
        'sec-websocket-protocol': protocol,
      },
    });
    request.once('upgrade', (_, socket, head) => {
      socket.unshift(head);
      resolve(socket);
    });
    request.once('response', (answer) => void refusalOf(answer, asked).then(reject, reject));
    request.once(
      'error',
      (error) => reject(new Failure(`no answer from the API server at ${config.server}: ${messageOf(error)}`)),
    );
    request.end();
  });
}

const refusal = z.object({ message: z.string() });
const cannot = { exec: 'no command can be run in', portforward: 'no port can be forwarded of' } as const;

async function refusalOf(answer: IncomingMessage, { namespace, pod, what, forbidden }: PodSocket): Promise<Failure> {
  const body = await text(answer);
  if (answer.statusCode === 403) return new Failure(forbidden);
  const said = refusal.safeParse(parsedJson(body)).data?.message ?? `status ${answer.statusCode ?? 0}`;
  return new Failure(`${cannot[what]} the pod ${pod} of namespace ${namespace}: ${said}`);
}

/** What a text says in JSON; undefined when it is none. */
export function parsedJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
