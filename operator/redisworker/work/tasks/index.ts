/** Tasks in a list, each a script of its own. */
import { taskRecordKey } from '../../../../contract/tasks.ts';
import { claimTaskQueue, leaveTaskQueue, observeTaskQueue, releaseTaskQueue } from '../../../redis/task-queues.ts';
import type { KindOfWork } from '../../model/work.ts';
import { tasksAccess } from './access.ts';
import { type TasksBlueprint, tasksBlueprint } from './blueprint.ts';
import { tasksNeeds } from './needs.ts';
import type { TasksStep } from './steps.ts';
import { tasksView } from './view.ts';

/** The kind of work of the runtime Rhai. */
export const tasksWork: KindOfWork<TasksBlueprint, TasksStep> = {
  blueprint: tasksBlueprint,
  access: tasksAccess,
  needs: tasksNeeds,
  keys: ({ settings: { queue, deadLetterStream } }) => ({
    keys: [taskRecordKey(queue)],
    busyKeys: [queue, deadLetterStream],
  }),
  observe: async (link, work) => {
    const { responses, settings: { queue, deadLetterStream: deadLetters } } = work;
    return tasksView(await observeTaskQueue(link, { queue, responses, deadLetters }), work);
  },
  write: async (link, { resource, settings: { queue } }, step) => {
    switch (step.step) {
      case 'claimQueue':
        return claimTaskQueue(link, queue, resource);
      case 'leaveQueue':
        return leaveTaskQueue(link, queue, step.consumerId);
      case 'releaseQueue':
        return releaseTaskQueue(link, queue, resource);
    }
  },
};
