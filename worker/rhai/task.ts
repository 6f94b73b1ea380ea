/** A task, as its hash tells it, and what becomes of it. Pure. */
import { maxRepeatedReplyLength } from '../../contract/limits.ts';
import { replyCodes } from '../../contract/reply.ts';
import { itemsOf, textOf } from '../redis/replies.ts';
import type { Reply } from '../redis/resp.ts';
import type { ScriptResult } from './engine.ts';
import { maxScriptBytes } from './engine.ts';
import type { Place } from './place.ts';

/** A task that was taken. */
export interface Task {
  readonly id: string;
  /** Undefined for one that cannot be run: `outcome` then says why. */
  readonly script?: string;
  readonly callerId: string;
  /** Which delivery this is, counted from 1. */
  readonly attempt: number;
  readonly outcome?: Outcome;
}

/** What became of a task. */
export interface Outcome {
  readonly status: 'completed' | 'error';
  /** The output, or the text of the error. */
  readonly text: string;
  readonly code: number;
  /** Milliseconds the script ran. */
  readonly ms: number;
  /** Why it goes to the dead letters as well. */
  readonly dead?: string;
}

/** Tasks as the script that takes them tells them: id, type of the hash, bytes of the script, script, caller, deaths. */
export function decodeTasks(reply: Reply, place: Place): Task[] {
  return itemsOf(reply).map((item) =>
    decodeTask(itemsOf(item).map((part) => (part === null ? undefined : textOf(part))), place)
  );
}

function decodeTask(
  [id = '', type = 'none', length = '0', script, caller = '', deaths = '0']: (string | undefined)[],
  { tasks }: Place,
): Task {
  const task = { id, callerId: caller, attempt: Number(deaths) + 1 };
  const key = JSON.stringify(tasks.details + id);
  const refused = (text: string, dead?: string): Task => ({
    ...task,
    outcome: { ...refusal(text), ...(dead === undefined ? {} : { dead }) },
  });
  if (type === 'none') {
    return refused(`there are no details of the task: write the hash ${key} before its id is pushed`);
  }
  if (type !== 'hash') {
    const text = `the key ${key} is a ${type}, not the hash of a task`;
    return refused(text, text);
  }
  if (Number(length) > maxScriptBytes) return refused(`the script has ${length} bytes, and may have ${maxScriptBytes}`);
  if (Number(deaths) >= tasks.maxDeliveries) {
    const text = `${deaths} processes that were given this task have died of it`;
    return { ...task, outcome: { ...refusal(text), code: replyCodes.failed, dead: text } };
  }
  if (script === undefined) {
    return refused(`the task has no script: write it to the field "${tasks.fields.script}" of ${key}`);
  }
  return { ...task, script };
}

function refusal(text: string): Outcome {
  return { status: 'error', text, code: replyCodes.badRequest, ms: 0 };
}

/** What became of a task whose script was run. */
export function outcomeOf({ kind, text }: ScriptResult, ms: number, timeoutMs: number): Outcome {
  if (kind === 'value') return { status: 'completed', text, code: replyCodes.ok, ms };
  return { status: 'error', text, code: ms >= timeoutMs ? replyCodes.timedOut : replyCodes.failed, ms };
}

/** What the response stream tells of a task: all, or of a long output all but that. */
export function toldOf(id: string, { code, text, status }: Outcome, source: string, time: string): string {
  const bare = { ref: id, code, source, time };
  if (status === 'error') return JSON.stringify({ ...bare, err: { message: text.slice(0, maxRepeatedReplyLength) } });
  return JSON.stringify(text.length > maxRepeatedReplyLength ? bare : { ...bare, data: text });
}
