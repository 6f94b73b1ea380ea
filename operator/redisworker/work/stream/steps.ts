/** The writes a request stream and its group may call for, and how each is told. Pure. */
import type { Why, WorkAction } from '../../model/action.ts';
import type { EventReason } from '../../model/reasons.ts';

/** One write, with the event that tells it. */
export type StreamStep =
  & { readonly reason: EventReason; readonly message: string }
  & (
    | { readonly step: 'ensureGroup' | 'claimGroup' }
    | { readonly step: 'handOver'; readonly from: string; readonly to: string }
    | { readonly step: 'deleteConsumer'; readonly consumerId: string }
    | { readonly step: 'leaveGroup'; readonly manner: 'destroy' | 'keep' }
  );

export function ensureGroupStep(why: Why): WorkAction {
  return action({ step: 'ensureGroup', reason: 'GroupCreated', message: 'Created the consumer group' }, why);
}

export function claimGroupStep(why: Why): WorkAction {
  return action({ step: 'claimGroup', reason: 'GroupClaimed', message: 'Took over the consumer group' }, why);
}

export function handOverStep(from: string, to: string, why: Why): WorkAction {
  const message = `Handed the pending requests of consumer ${from} to consumer ${to}`;
  return action({ step: 'handOver', from, to, reason: 'HandedOver', message }, why);
}

export function deleteConsumerStep(consumerId: string, why: Why): WorkAction {
  const message = `Removed consumer ${consumerId} from the group`;
  return action({ step: 'deleteConsumer', consumerId, reason: 'ConsumerRemoved', message }, why);
}

export function leaveGroupStep(manner: 'destroy' | 'keep', why: Why): WorkAction {
  const message = manner === 'keep'
    ? 'Left the consumer group in Redis'
    : 'Gave up the consumer group, which stays in Redis only with requests or consumers in it';
  return action({ step: 'leaveGroup', manner, reason: 'GroupGivenUp', message }, why);
}

function action(step: StreamStep, why: Why): WorkAction {
  return { do: 'changeWork', step, why };
}
