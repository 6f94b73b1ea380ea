/** The work of a request stream: what one look at the stream and its group calls for. */
import { observeStream, type StreamView } from '../../../redis/observe-stream.ts';
import type { Action } from '../../model/action.ts';
import { notAStream, terminal } from '../../model/problem.ts';
import { writeStream } from './writes.ts';
import type { Leaving, Work, WorkView } from '../work.ts';

/** Requests in a stream, shared out by a consumer group. */
export const streamWork: Work = {
  observe: async (link, { stream }) =>
    streamView(await observeStream(link, stream.request, stream.group), stream.request),
  write: writeStream,
};

/** The view of a stream under the key `key`. */
export function streamView(view: StreamView, key: string): WorkView {
  const members = view.consumers.map(({ name, pending, idleMs }) => ({ id: name, pending, idleMs }));
  return {
    members,
    problems: view.wrongType ? [terminal('WrongRedisType', notAStream(key))] : [],
    status: {
      stream: {
        ...(view.lag === undefined ? {} : { lag: view.lag, backlog: view.lag + view.pending }),
        pending: view.pending,
        length: view.length,
        ...(view.pending > 0 ? { oldestPendingSeconds: view.oldestPendingSeconds } : {}),
      },
    },
    start: () => (view.group ? [] : [{ do: 'ensureGroup', why: 'GroupMissing' }]),
    leave: (leaving) => leave(members.find(({ id }) => id === leaving.id)?.pending, leaving),
    // A group with pending requests stays: the next worker of this type finds them there.
    end: (
      isOurs,
    ) => (view.group && view.pending === 0 && members.every(({ id }) => isOurs(id))
      ? [{ do: 'destroyGroup', why: 'WorkerDeleted' }]
      : []),
  };
}

/** Without an heir, pending entries stay under the old id: the next consumer to come takes them as orphans. */
function leave(pending: number | undefined, { id, heir, why }: Leaving): Action[] {
  if (pending === undefined) return [];
  const handOver: Action[] = pending > 0 && heir !== undefined ? [{ do: 'handOver', from: id, to: heir, why }] : [];
  return pending === 0 || heir !== undefined ? [...handOver, { do: 'deleteConsumer', consumerId: id, why }] : [];
}
