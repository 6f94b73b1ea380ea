/** What one look at a request stream and its group calls for. Pure. */
import type { StreamView } from '../../../redis/observe-stream.ts';
import type { Action } from '../../model/action.ts';
import { notAStream, terminal } from '../../model/problem.ts';
import type { Leaving, WorkView } from '../../model/work.ts';
import { deleteConsumerStep, destroyGroupStep, ensureGroupStep, handOverStep } from './steps.ts';

/** The view of a stream under the key `key`. */
export function streamView(view: StreamView, key: string): WorkView {
  const members = view.consumers.map(({ name, pending, idleMs, inactiveMs }) => ({
    id: name,
    pending,
    // Servers before 7.2 do not count a read that brings nothing: a consumer without work looks silent there.
    idleMs: inactiveMs === undefined ? undefined : idleMs,
  }));
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
    start: () => (view.group ? [] : [ensureGroupStep('WorkMissing')]),
    leave: (leaving) => leave(members.find(({ id }) => id === leaving.id)?.pending, leaving),
    // A group with pending requests stays: the next worker of this type finds them there.
    end: (isOurs) =>
      view.group && view.pending === 0 && members.every(({ id }) => isOurs(id))
        ? [destroyGroupStep('WorkerDeleted')]
        : [],
  };
}

/** Without an heir, pending entries stay under the old id: the next consumer to come takes them as orphans. */
function leave(pending: number | undefined, { id, heir, why }: Leaving): Action[] {
  if (pending === undefined) return [];
  const handedOver = pending > 0 && heir !== undefined ? [handOverStep(id, heir, why)] : [];
  return pending === 0 || heir !== undefined ? [...handedOver, deleteConsumerStep(id, why)] : [];
}
