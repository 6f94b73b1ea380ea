/** What operator and pods do about tasks in Redis, as commands that can be tried without being carried out. Pure. */
import { takenTasksKey, taskRecordKey } from '../../../../contract/tasks.ts';
import { type Actor, type Need, onKey, type Wanted } from '../../../redis/doctor/rights.ts';
import type { TasksBlueprint } from './blueprint.ts';

const someTask = 'redisworker-doctor';
const someConsumer = '1';

/** The keys of tasks. */
export interface TaskKeys {
  readonly responses: string;
  readonly settings: Pick<TasksBlueprint['settings'], 'queue' | 'details' | 'deadLetterStream'>;
}

/** All of it. @param hash one of the worker's config hashes */
export function tasksNeeds({ responses, settings }: TaskKeys, hash: string): Need[] {
  const { queue, details, deadLetterStream } = settings;
  const [taken, record, task] = [takenTasksKey(queue, someConsumer), taskRecordKey(queue), details + someTask];
  return [
    ...by('operator', [
      [['CLIENT', 'SETNAME', 'redisworker-operator']],
      [['EVALSHA', '0'.repeat(40), 1, record], record],
      [['EVAL', 'return 0', 1, hash], hash],
      [['LMOVE', taken, queue, 'RIGHT', 'LEFT'], queue],
      ...onKey(hash, ['TYPE'], ['HGETALL'], ['HGET', 'pid'], ['HSET', 'type', ''], ['HDEL', 'pid'], ['DEL']),
      ...onKey(record, ['TYPE'], ['HGETALL'], ['HGET', 'resource'], ['HSET', 'resource', ''], ['HDEL', 'resource']),
      ...onKey(queue, ['TYPE'], ['LLEN']),
      ...onKey(taken, ['LLEN']),
      ...onKey(responses, ['TYPE'], ['XREVRANGE', '+', '-', 'COUNT', 1]),
      [['XREAD', 'COUNT', 1, 'STREAMS', responses, '0'], responses],
      ...onKey(deadLetterStream, ['TYPE'], ['XLEN']),
    ]),
    ...by('worker', [
      [['CLIENT', 'SETNAME', 'redisworker']],
      [['EVAL', 'return 0', 1, hash], hash],
      [['BLMOVE', queue, taken, 'LEFT', 'RIGHT', 1], queue],
      [['LMOVE', queue, taken, 'LEFT', 'RIGHT'], queue],
      ...onKey(queue, ['LPUSH', '']),
      ...onKey(taken, ['LRANGE', 0, -1], ['LPOS', ''], ['LREM', 1, '']),
      ...onKey(hash, ['HGETALL'], ['HMGET', 'pid'], ['HSET', 'pid', ''], ['HDEL', 'pid']),
      ...onKey(record, ['HSET', someConsumer, 1]),
      ...onKey(task, ['TYPE'], ['HMGET', 'script'], ['HSTRLEN', 'script'], ['HSET', 'status', ''], ['HDEL', 'error'], [
        'HINCRBY',
        'deliveries',
        1,
      ], ['EXPIRE', 60]).map(([command]): Wanted => [command, `${details}*`]),
      [['XADD', responses, '*', 'ref', ''], responses],
      [['XADD', deadLetterStream, '*', 'ref', ''], deadLetterStream],
    ]),
  ];
}

function by(actor: Actor, wanted: readonly Wanted[]): Need[] {
  return wanted.map(([command, key]) => ({ actor, command, ...(key === undefined ? {} : { key }) }));
}
