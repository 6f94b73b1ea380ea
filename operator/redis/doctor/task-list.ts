/** Looks at the list of tasks of one worker. */
import { taskRecordKey } from '../../../contract/tasks.ts';
import type { RedisLink } from '../link.ts';
import { observeTaskQueue, type TaskQueueKeys, type TaskQueueView } from '../task-queues.ts';
import { type Finding, ok, problem, warning } from './finding.ts';

/** Findings about the list; the rest of sentences that begin with its worker. Nothing is written. @throws RedisFault */
export async function examineTasks(link: RedisLink, keys: TaskQueueKeys, owner: string): Promise<Finding[]> {
  return judgeTasks(await observeTaskQueue(link, keys), keys, owner);
}

/** What it means. Pure. @param owner how the resource of its manifest begins */
export function judgeTasks(view: TaskQueueView, { queue }: Pick<TaskQueueKeys, 'queue'>, owner: string): Finding[] {
  return [...keyFindings(view, queue), listFinding(view, queue, owner), backlogFinding(view)];
}

function keyFindings({ misfits }: TaskQueueView, queue: string): Finding[] {
  const wrong = misfits.map(({ key, wanted }) => {
    const field = key === queue || key === taskRecordKey(queue) ? 'spec.tasks.queue' : 'spec.type';
    return problem(
      'WorkerKeys',
      `needs a ${wanted} under "${key}", where something else is: delete or rename that, or choose another ${field}`,
    );
  });
  return wrong.length > 0 ? wrong : [ok('WorkerKeys', 'finds nothing in the way of its keys')];
}

function listFinding({ owner: resource, consumers }: TaskQueueView, queue: string, owner: string): Finding {
  if (resource !== undefined && !resource.startsWith(owner)) {
    return problem(
      'WorkerTasks',
      `cannot have the list ${queue}, which belongs to ${resource}: name another in spec.tasks.queue, or delete that worker`,
    );
  }
  const { length } = consumers;
  return ok(
    'WorkerTasks',
    resource === undefined
      ? `has yet to claim its list ${queue}, which the operator does`
      : `has its list ${queue}, with ${length} ${length === 1 ? 'consumer' : 'consumers'}`,
  );
}

function backlogFinding({ waiting, consumers }: TaskQueueView): Finding {
  const taken = consumers.reduce((sum, one) => sum + one.taken, 0);
  if (waiting + taken === 0) return ok('WorkerBacklog', 'has no backlog');
  const parts = `${waiting} in the list, ${taken} with a consumer`;
  return consumers.length === 0
    ? warning('WorkerBacklog', `has tasks that nobody takes (${parts}): start its consumers`)
    : ok('WorkerBacklog', `has a backlog of ${waiting + taken}: ${parts}`);
}
