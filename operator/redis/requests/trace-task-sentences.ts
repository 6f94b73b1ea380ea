/** What became of a task, in sentences: from what was found, without asking anybody. */
import { taskBookkeeping, taskStatus } from '../../../contract/tasks.ts';
import { formatAge } from '../../age.ts';
import type { FoundTask } from './trace-task.ts';
import type { FoundEntry } from './trace-search.ts';
import { millisecondsOf } from './trace-search.ts';
import { ago, codeText, lifeText, reasonOf, valueText, type Verdict } from './trace-words.ts';

/** Everything that was found of a task. */
export interface TaskFindings {
  readonly type: string;
  readonly ref: string;
  readonly task: FoundTask;
  readonly response: FoundEntry | undefined;
  readonly letter: FoundEntry | undefined;
}

/** Where the task is now, else how it ended. */
export function verdictOfTask(findings: TaskFindings, now: number): Verdict {
  const { ref } = findings;
  return unfinished(findings) ?? finished(findings, now) ?? ofHash(findings) ?? {
    outcome: 'Unknown',
    sentence:
      `nothing is known of the task ${ref}: it was never pushed, is of another worker, or is finished and forgotten`,
  };
}

function unfinished({ ref, task: { takenBy, ahead } }: TaskFindings): Verdict | undefined {
  if (takenBy !== undefined) {
    return { outcome: 'Running', sentence: `consumer "${takenBy}" has the task ${ref} and has not finished it` };
  }
  return ahead === undefined
    ? undefined
    : { outcome: 'Waiting', sentence: `the task ${ref} waits: no consumer has taken it yet, ${aheadText(ahead)}` };
}

/** One that was sent back to the list and ended anew has a younger response than its letter. */
function finished({ type, ref, response, letter }: TaskFindings, now: number): Verdict | undefined {
  const letterIsNewest = letter !== undefined &&
    (response === undefined || millisecondsOf(letter.id) >= millisecondsOf(response.id));
  if (letterIsNewest) {
    return { outcome: 'Dead', sentence: `nobody could finish the task ${ref}: ${reasonOf(letter)}` };
  }
  if (response === undefined) return undefined;
  const how = `with ${codeText(response)} ${ago(response.id, now)}`;
  return { outcome: 'Answered', sentence: `${type} ended the task ${ref} ${how}` };
}

function ofHash({ ref, task }: TaskFindings): Verdict | undefined {
  const status = statusOf(task);
  if (task.fields === undefined) return undefined;
  if (status === taskStatus.completed || status === taskStatus.error) {
    return { outcome: 'Finished', sentence: `the task ${ref} has the status ${status}, as its hash tells` };
  }
  return {
    outcome: 'Waiting',
    sentence: `the task ${ref} has a hash and is in no list: its dispatcher has yet to push it to ${task.place.queue}`,
  };
}

/** One row per place that has something of the task beside the streams. */
export function rowsOfTask(task: FoundTask, now: number): readonly (readonly [string, string])[] {
  const { place: { queue }, ahead, takenBy, key } = task;
  return [
    ...(ahead === undefined ? [] : [['list', `waits in ${queue}, ${aheadText(ahead)}`] as const]),
    ...(takenBy === undefined ? [] : [['list', `taken by consumer "${takenBy}" from ${queue}`] as const]),
    ...(task.fields === undefined
      ? []
      : [['task', `${statusText(task, now)}, in ${key}${lifeText(task)}`] as const, ...fieldRows(task)]),
  ];
}

function statusText(task: FoundTask, now: number): string {
  const { fields } = task;
  const seconds = Number(fields?.get(taskBookkeeping.updated)?.toString() ?? NaN);
  const since = Number.isFinite(seconds) ? ` since ${formatAge(now / 1000 - seconds)}` : '';
  const [deaths, progress] = [fields?.get(taskBookkeeping.deliveries), fields?.get(taskBookkeeping.progress)];
  return [
    `${statusOf(task) ?? 'no status'}${since}`,
    ...(deaths === undefined ? [] : [`${valueText(deaths)} processes have died that had it`]),
    ...(progress === undefined ? [] : [`${valueText(progress)} %`]),
  ].join(', ');
}

/** What the hash tells beside that, by the words of the manifest. */
function fieldRows({ fields, place: { fields: names } }: FoundTask): readonly (readonly [string, string])[] {
  return (['caller', 'script', 'output', 'error'] as const).flatMap((name) => {
    const value = fields?.get(names[name]);
    return value === undefined ? [] : [[name, valueText(value)] as const];
  });
}

function statusOf({ fields, place }: FoundTask): string | undefined {
  return fields?.get(place.fields.status)?.toString();
}

function aheadText(ahead: number): string {
  return ahead === 0 ? 'it is the next' : `${ahead} ${ahead === 1 ? 'is' : 'are'} ahead of it`;
}
