/** The writes a list of tasks may call for, and how each is told. Pure. */
import type { Why, WorkAction } from '../../model/action.ts';
import type { EventReason } from '../../model/reasons.ts';

/** One write, with the event that tells it. */
export type TasksStep =
  & { readonly reason: EventReason; readonly message: string }
  & (
    | { readonly step: 'claimQueue' | 'releaseQueue' }
    | { readonly step: 'leaveQueue'; readonly consumerId: string }
  );

export function claimQueueStep(queue: string, why: Why): WorkAction {
  return action({ step: 'claimQueue', reason: 'QueueClaimed', message: `Took over the task queue ${queue}` }, why);
}

export function leaveQueueStep(consumerId: string, taken: number, why: Why): WorkAction {
  const message = taken === 0
    ? `Removed consumer ${consumerId} from the task queue`
    : `Put the ${taken} tasks consumer ${consumerId} had taken back into the queue, and removed it there`;
  return action({ step: 'leaveQueue', consumerId, reason: 'HandedOver', message }, why);
}

export function releaseQueueStep(queue: string, why: Why): WorkAction {
  const message = `Gave up the task queue ${queue}, which stays in Redis with its tasks`;
  return action({ step: 'releaseQueue', reason: 'QueueGivenUp', message }, why);
}

function action(step: TasksStep, why: Why): WorkAction {
  return { do: 'changeWork', step, why };
}
