/** The writes a request stream and its group may call for, and how each is told. Pure. */
import type { Why, WorkAction } from '../../model/action.ts';

/** One write, with the event that tells it. */
export type StreamStep =
  & { readonly reason: string; readonly message: string }
  & (
    | { readonly step: 'ensureGroup' }
    | { readonly step: 'handOver'; readonly from: string; readonly to: string }
    | { readonly step: 'deleteConsumer'; readonly consumerId: string }
    | { readonly step: 'destroyGroup' }
  );

export function ensureGroupStep(why: Why): WorkAction {
  return action({ step: 'ensureGroup', reason: 'GroupCreated', message: 'Created the consumer group' }, why);
}

export function handOverStep(from: string, to: string, why: Why): WorkAction {
  const message = `Handed the pending requests of consumer ${from} to consumer ${to}`;
  return action({ step: 'handOver', from, to, reason: 'HandedOver', message }, why);
}

export function deleteConsumerStep(consumerId: string, why: Why): WorkAction {
  const message = `Removed consumer ${consumerId} from the group`;
  return action({ step: 'deleteConsumer', consumerId, reason: 'ConsumerRemoved', message }, why);
}

export function destroyGroupStep(why: Why): WorkAction {
  return action({ step: 'destroyGroup', reason: 'GroupRemoved', message: 'Removed the consumer group' }, why);
}

function action(step: StreamStep, why: Why): WorkAction {
  return { do: 'changeWork', step, why };
}
