/** What one look at a list of tasks calls for. Pure. */
import type { TaskQueueView } from '../../../redis/task-queues.ts';
import { type Problem, terminal } from '../../model/problem.ts';
import type { WorkView } from '../../model/work.ts';
import type { TasksBlueprint } from './blueprint.ts';
import { claimQueueStep, leaveQueueStep, releaseQueueStep } from './steps.ts';

/** The view of a worker's tasks. */
export function tasksView(view: TaskQueueView, { resource, settings: { queue } }: TasksBlueprint): WorkView {
  const { waiting, consumers, owner, deadLetters } = view;
  const taken = consumers.reduce((sum, one) => sum + one.taken, 0);
  const isForeign = owner !== undefined && nameOf(owner) !== nameOf(resource);
  return {
    // Nobody tells when a consumer last asked for work.
    members: consumers.map((one) => ({ id: one.id, pending: one.taken, idleMs: undefined })),
    demand: {
      waiting,
      taken,
      busy: consumers.filter((one) => one.taken > 0).map(({ id }) => id),
      nextAttempt: undefined,
      lastAsked: undefined,
      comes: undefined,
    },
    owner,
    problems: view.misfits.map((misfit) => wrongType(misfit, queue)),
    status: {
      stream: {
        lag: waiting,
        pending: taken,
        scheduled: 0,
        backlog: waiting + taken,
        ...(deadLetters === undefined ? {} : { deadLetters }),
        length: waiting,
      },
    },
    isIdle: waiting + taken === 0,
    start: () => (owner === resource || isForeign ? [] : [claimQueueStep(queue, 'WorkUnclaimed')]),
    leave: ({ id, why }) => {
      const member = consumers.find((one) => one.id === id);
      return member === undefined || isForeign ? [] : [leaveQueueStep(id, member.taken, why)];
    },
    end: () => (owner === resource ? [releaseQueueStep(queue, 'WorkerDeleted')] : []),
  };
}

function nameOf(resource: string): string {
  return resource.slice(0, resource.lastIndexOf('/'));
}

function wrongType({ key, wanted }: TaskQueueView['misfits'][number], queue: string): Problem {
  const remedy = key === queue ? 'name another in spec.tasks.queue' : 'choose another spec.type';
  const article = wanted === 'hash' ? 'a hash' : `a ${wanted}`;
  return terminal('WrongRedisType', `key "${key}" is not ${article}: delete it, or ${remedy}`);
}
