/** The status page of whichever replica of the operator leads, over connections that the API server forwards. */
import { Agent, type ClientRequestArgs, type IncomingHttpHeaders, request as httpRequest } from 'node:http';
import type { Duplex } from 'node:stream';
import { text } from 'node:stream/consumers';
import { connect as startTls } from 'node:tls';
import { Refused } from '../operator/page/refused.ts';
import { messageOf } from './failure.ts';
import type { PagePod } from './operator-pod.ts';
import { parsedJson } from './pod-socket.ts';
import type { UserToken } from './user-token.ts';

/** What a page answered. */
export interface PageAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** What the way there stands on. */
export interface PageWay {
  /** Replicas that serve the page, standbys among them. */
  readonly pods: () => Promise<readonly PagePod[]>;
  readonly dial: (pod: PagePod) => Promise<Duplex>;
  readonly token: UserToken;
}

const answerMs = 30_000;
/** Standbys say so, and so does a leader that has not read all. */
const standsBy = 503;

/** Finds the leader when it is first asked, and again when that one answers no more. */
export class OperatorPage {
  readonly #way: PageWay;
  #leader: Replica | undefined;
  #search: Promise<Replica> | undefined;

  constructor(way: PageWay) {
    this.#way = way;
  }

  /** Reads a path. @throws Refused when no replica answers */
  async ask(path: string): Promise<PageAnswer> {
    const answer = await this.#leader?.ask(path).catch(() => undefined);
    if (answer !== undefined && answer.status !== standsBy) return answer;
    const leader = await (this.#search ??= this.#find().finally(() => this.#search = undefined));
    return await leader.ask(path).catch((error: unknown) => {
      throw new Refused(502, messageOf(error));
    });
  }

  close(): void {
    this.#leader?.close();
  }

  /** The first that tells of workers, or refuses to. */
  async #find(): Promise<Replica> {
    this.close();
    this.#leader = undefined;
    let why = new Refused(502, 'no replica of the operator serves the page');
    const pods = await this.#way.pods().catch((error: unknown) => {
      throw new Refused(502, messageOf(error));
    });
    for (const pod of pods) {
      const replica = new Replica(pod, this.#way);
      try {
        const { status, text: body } = await replica.ask('/data/overview');
        if (status !== standsBy) return this.#leader = replica;
        why = new Refused(status, sentenceOf(body, status));
      } catch (error) {
        why = new Refused(502, messageOf(error));
      }
      replica.close();
    }
    throw why;
  }
}

/** The sentence of a refusal. */
export function sentenceOf(body: string, status: number): string {
  const answer = parsedJson(body);
  const error = typeof answer === 'object' && answer !== null && 'error' in answer ? answer.error : undefined;
  return typeof error === 'string' ? error : `the operator answers with the status ${status}`;
}

class Replica {
  readonly #agent: ForwardingAgent;
  readonly #token: UserToken;

  constructor(pod: PagePod, { dial, token }: PageWay) {
    this.#agent = new ForwardingAgent(() => dial(pod));
    this.#token = token;
  }

  async ask(path: string): Promise<PageAnswer> {
    const answer = await this.#once(path, await this.#token.header());
    return answer.status === 401 ? await this.#once(path, await this.#token.header(true)) : answer;
  }

  close(): void {
    this.#agent.destroy();
  }

  /** A connection that is kept may end while it is asked: then a new one is. */
  async #once(path: string, authorization: string): Promise<PageAnswer> {
    return await this.#exchange(path, authorization).catch((error: unknown) => {
      if (error instanceof KeptTooLong) return this.#exchange(path, authorization);
      throw error;
    });
  }

  #exchange(path: string, authorization: string): Promise<PageAnswer> {
    return new Promise((resolve, reject) => {
      const request = httpRequest({
        host: 'operator',
        path,
        agent: this.#agent,
        headers: { authorization },
        signal: AbortSignal.timeout(answerMs),
      });
      request.once('response', (response) => {
        const { statusCode: status = 0, headers } = response;
        text(response).then((body) => resolve({ status, headers, text: body }), reject);
      });
      request.once('error', (error) => reject(request.reusedSocket ? new KeptTooLong() : error));
      request.end();
    });
  }
}

class KeptTooLong extends Error {}

/** TLS to a pod. Which pod it is, the API server vouches for; the operator's certificate may be one nobody has signed. */
class ForwardingAgent extends Agent {
  readonly #dial: () => Promise<Duplex>;

  constructor(dial: () => Promise<Duplex>) {
    super({ keepAlive: true, maxSockets: 4 });
    this.#dial = dial;
  }

  override createConnection(
    _: ClientRequestArgs,
    made: (error: Error | null, stream: Duplex) => void = () => undefined,
  ): undefined {
    this.#dial().then((socket) => {
      const secure = startTls({ socket, rejectUnauthorized: false });
      const failed = (error: Error): void => made(error, secure);
      secure.once('error', failed);
      secure.once('secureConnect', () => {
        secure.off('error', failed);
        made(null, secure);
      });
    }).catch((error: unknown) => (made as (error: unknown) => void)(error));
  }
}
