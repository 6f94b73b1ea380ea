/** What the spec says of a list of tasks, resolved. Pure. */
import { resourceOf } from '../../../../contract/config-hash.ts';
import { deadLetterStreamKey, responseStreamKey } from '../../../../contract/keys.ts';
import { defaultReplyExpireSeconds, defaultResponseStreamLimit } from '../../../../contract/limits.ts';
import type { TaskSettings } from '../../../../contract/pod.ts';
import { taskQueueKey } from '../../../../contract/tasks.ts';
import type { RedisWorker } from '../../../api/redisworker.ts';
import { type Problem, terminal } from '../../model/problem.ts';
import type { WorkBlueprint, WorkSurroundings } from '../../model/work.ts';

/** A list of tasks. */
export interface TasksBlueprint extends WorkBlueprint {
  readonly kind: 'tasks';
  readonly settings: TaskSettings;
  /** Who owns the queue: `<namespace>/<name>/<uid>`. */
  readonly resource: string;
}

/** Seconds a process keeps back for telling what it has done. */
const lastTellingSeconds = 2;

/** MiB a process takes beside what its scripts use. */
const besideScriptsMiB = 64;

/** The tasks of a worker. */
export function tasksBlueprint(
  { metadata: { namespace = 'default', name, uid = '' }, spec }: RedisWorker,
  { prefix, graceSeconds, memoryMiB }: WorkSurroundings,
): TasksBlueprint {
  const { tasks, permissions, redis } = spec;
  if (tasks === undefined) throw new Error('runtime Rhai was let through without spec.tasks');
  const { queue = taskQueueKey(tasks.circlePublicKey), progress, ...same } = tasks;
  const responses = responseStreamKey(prefix);
  return {
    kind: 'tasks',
    resource: resourceOf(namespace, name, uid),
    responses,
    requestLimit: 0,
    problems: memoryProblems(tasks, memoryMiB),
    settings: {
      ...same,
      queue,
      deadLetterStream: deadLetterStreamKey(prefix),
      redisKeys: redis?.keys ?? [],
      http: permissions.net.length > 0 || permissions.allowAllNet === 'Granted',
      progress: progress === 'Enabled',
      prelude: true,
      graceSeconds: Math.max(graceSeconds - lastTellingSeconds, 1),
    },
    hash: {
      requestStream: queue,
      responseStream: responses,
      requestLimit: 0,
      replyExpireSeconds: defaultReplyExpireSeconds,
      responseStreamLimit: defaultResponseStreamLimit,
    },
  };
}

/** A pod that is ended for its memory takes innocent tasks with it. */
function memoryProblems(
  { concurrency, maxMemoryMiB }: Pick<TaskSettings, 'concurrency' | 'maxMemoryMiB'>,
  memoryMiB: number,
): Problem[] {
  const needed = besideScriptsMiB + concurrency * maxMemoryMiB;
  return needed <= memoryMiB ? [] : [
    terminal(
      'InvalidSpec',
      `${concurrency} scripts of ${maxMemoryMiB} MiB and the ${besideScriptsMiB} MiB beside them do not fit into the ${memoryMiB} MiB of the pod: raise spec.pod.resources.limits.memory to ${needed}Mi, or lower spec.tasks.concurrency or spec.tasks.maxMemoryMiB`,
    ),
  ];
}
