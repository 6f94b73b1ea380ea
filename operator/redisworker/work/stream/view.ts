/** What one look at a request stream and its group calls for. Pure. */
import type { BesideStream, Misfit } from '../../../redis/beside-stream.ts';
import type { StreamView } from '../../../redis/observe-stream.ts';
import type { Action } from '../../model/action.ts';
import { notAStream, type Problem, terminal } from '../../model/problem.ts';
import { idTime } from '../../../redis/stream-id.ts';
import type { Demand, Leaving, WorkView } from '../../model/work.ts';
import type { StreamBlueprint } from './blueprint.ts';
import { claimGroupStep, deleteConsumerStep, ensureGroupStep, handOverStep, leaveGroupStep } from './steps.ts';

/** A look at the stream, and how many of the pending requests are not finished; undefined when nobody knows. */
export interface WorkingStreamView extends StreamView {
  readonly unfinished: number | undefined;
}

/** The view of a worker's stream. */
export function streamView(view: WorkingStreamView, beside: BesideStream, stream: StreamBlueprint): WorkView {
  const members = view.consumers.map(({ name, pending, idleMs, inactiveMs }) => ({
    id: name,
    pending,
    // Servers before 7.2 do not count a read that brings nothing: a consumer without work looks silent there.
    idleMs: inactiveMs === undefined ? undefined : idleMs,
  }));
  const isOurs = beside.owner === stream.resource;
  return {
    members,
    demand: demand(view, beside, stream),
    owner: beside.owner,
    counts: beside.counts,
    problems: [
      ...(view.wrongType ? [terminal('WrongRedisType', notAStream(stream.request, 'spec.stream.request'))] : []),
      ...beside.misfits.map(misfit),
    ],
    status: { stream: status(view, beside, stream) },
    isIdle: view.group && view.lag === 0 && (view.unfinished ?? view.pending) === 0,
    start: () => {
      if (!view.group) return [ensureGroupStep('WorkMissing')];
      return isOurs || belongsToAnother(beside, stream) ? [] : [claimGroupStep('WorkUnclaimed')];
    },
    // In a group of somebody else our ids may be theirs.
    leave: (leaving) =>
      belongsToAnother(beside, stream) ? [] : leave(members.find(({ id }) => id === leaving.id)?.pending, leaving),
    end: (policy) => (isOurs ? [leaveGroupStep(policy === 'Delete' ? 'destroy' : 'keep', 'WorkerDeleted')] : []),
  };
}

/** An owner of our own name is what this worker was before it was made anew. */
function belongsToAnother({ owner }: BesideStream, { resource }: StreamBlueprint): boolean {
  return owner !== undefined && nameOf(owner) !== nameOf(resource);
}

function nameOf(resource: string): string {
  return resource.slice(0, resource.lastIndexOf('/'));
}

/** Ids made before 2010 were not made by a clock, and tell no time. */
const earliestClockMs = 1_262_304_000_000;

/** Where finished requests need not be acknowledged, nobody can tell who has one in hand. */
function demand(
  view: StreamView,
  { nextRetryMs }: BesideStream,
  { request, group, acknowledges }: StreamBlueprint,
): Demand {
  const asked = idTime(view.lastGeneratedId);
  return {
    waiting: view.group ? view.lag : view.length,
    taken: acknowledges ? view.pending : 0,
    busy: acknowledges ? view.consumers.filter(({ pending }) => pending > 0).map(({ name }) => name) : [],
    nextAttempt: nextRetryMs,
    lastAsked: asked < earliestClockMs ? undefined : asked,
    comes: { stream: request, after: view.lastGeneratedId, group },
  };
}

/** What is not known is not told: no group has no lag, and a number would read as if there were nothing to do. */
function status(view: WorkingStreamView, { scheduled, deadLetters }: BesideStream, { acknowledges }: StreamBlueprint) {
  const { lag, pending, unfinished = 0, length, oldestPendingTime, group } = view;
  return {
    ...(lag === undefined ? {} : { lag, backlog: lag + unfinished + scheduled }),
    ...(group ? { pending } : {}),
    scheduled,
    ...(deadLetters === undefined ? {} : { deadLetters }),
    ...(view.wrongType ? {} : { length }),
    ...(acknowledges && oldestPendingTime !== undefined ? { oldestPendingTime } : {}),
  };
}

/** Without an heir, pending entries stay under the old id: the next consumer to come takes them as orphans. */
function leave(pending: number | undefined, { id, heir, why }: Leaving): Action[] {
  if (pending === undefined) return [];
  const handedOver = pending > 0 && heir !== undefined ? [handOverStep(id, heir, why)] : [];
  return pending === 0 || heir !== undefined ? [...handedOver, deleteConsumerStep(id, why)] : [];
}

function misfit({ use, key }: Misfit): Problem {
  switch (use) {
    case 'responses':
      return terminal('WrongRedisType', notAStream(key, 'spec.stream.response'));
    case 'deadLetters':
      return terminal('WrongRedisType', notAStream(key, 'spec.handler.deadLetter'));
    case 'retries':
      return terminal('WrongRedisType', `key "${key}" is not a sorted set: delete it, or choose another spec.type`);
    case 'record':
      return terminal('WrongRedisType', notARecord(key));
  }
}

/** A key of another type where the record of a group should be. */
export function notARecord(key: string): string {
  return `key "${key}" is not a hash: delete it, or choose another spec.stream.group`;
}
