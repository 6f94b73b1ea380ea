/** The status page of an `up`, for whoever reads its terminal: other users and other sites reach the port too. */
import { randomBytes } from 'node:crypto';
import { decodeReply, replyCodes } from '../contract/reply.ts';
import { requestFields } from '../contract/request.ts';
import { systemClock } from '../operator/clock.ts';
import type { Operator } from '../operator/operator.ts';
import { pageFile } from '../operator/page/html.ts';
import type { RequestToSend, SentRequest } from '../operator/page/model.ts';
import { asking, type RequestPlace } from '../operator/page/requests.ts';
import { pageSource } from '../operator/page/source.ts';
import type { TaskPlace } from '../operator/redis/requests/worker-streams.ts';
import { fail } from './failure.ts';
import { hasEnded, pushTask } from './push-task.ts';
import { send } from './send.ts';
import { type ServedPage, servePage } from './serve-page.ts';

/** What the page shows. */
export interface LocalPage {
  readonly operator: Pick<Operator, 'workers' | 'redisOf'>;
  readonly log: ServedPage['log'];
  readonly problems: () => readonly string[];
}

/** Serves it until it is closed. @throws Failure when the port that was asked for is taken */
export async function serveLocalPage(
  port: number | 'usual',
  { operator, log, problems }: LocalPage,
): Promise<{ readonly url: string; close(): Promise<void> }> {
  const stopped = Promise.withResolvers<undefined>(); // a reply that is waited for would hold up the end
  const source = pageSource({
    operator: () => operator,
    clock: systemClock,
    mode: 'Local',
    absence: () => '',
    problems,
    send: (place, request) => sendFromPage(place, request, stopped.promise),
  });
  const { url, server } = await servePage({ port, command: 'up', page: pageFile, source, log }).catch(
    (error: unknown) => {
      source.stop();
      return fail(error);
    },
  );
  return {
    url,
    close() {
      stopped.resolve(undefined);
      return server.close();
    },
  };
}

/** As `send` does on the command line. */
async function sendFromPage(place: RequestPlace, request: RequestToSend, stop: Promise<void>): Promise<SentRequest> {
  const { tasks } = place;
  return await (tasks === undefined ? sendRequest(place, request, stop) : sendTask(place, tasks, request, stop));
}

async function sendTask(
  place: RequestPlace,
  tasks: TaskPlace,
  { script = '', timeoutSeconds }: RequestToSend,
  stop: Promise<void>,
): Promise<SentRequest> {
  const id = randomBytes(16).toString('hex');
  const stopping = new AbortController();
  void stop.then(() => stopping.abort());
  const begin = performance.now();
  const end = await asking(
    place,
    (redis) => pushTask(redis, tasks, { id, script, caller: '', timeoutSeconds }, stopping.signal),
  );
  const ms = Math.round(performance.now() - begin);
  if (!hasEnded(end)) return { ref: id, ms, silence: end.why };
  return { ref: id, ms, reply: end.text, code: end.kind === 'completed' ? replyCodes.ok : replyCodes.failed };
}

async function sendRequest(
  place: RequestPlace,
  { data, timeoutSeconds }: RequestToSend,
  stop: Promise<void>,
): Promise<SentRequest> {
  const ref = randomBytes(16).toString('hex');
  const { type, requestStream: stream } = place;
  const fields = { [requestFields.type]: type, ...(data === undefined ? {} : { [requestFields.data]: data }) };
  const begin = performance.now();
  const answer = await asking(
    place,
    (redis) => send(redis, { type, fields, stream, timeoutSeconds, ref }, stop),
  );
  const ms = Math.round(performance.now() - begin);
  if (answer.kind === 'silence') return { ref, ms, silence: answer.why };
  return { ref, ms, reply: answer.text, ...codeOf(answer.text) };
}

function codeOf(reply: string): { code?: number } {
  try {
    return { code: decodeReply(reply).code };
  } catch {
    return {}; // shown as it is
  }
}
