/** What became of a request, in sentences: from what was found, without asking anybody. */
import { runtimeFields } from '../../../contract/runtime-fields.ts';
import { progressField, traceField } from '../../../contract/trace.ts';
import { parseTraceparent, traceparentField } from '../../../contract/traceparent.ts';
import { formatAge } from '../../age.ts';
import { printable } from './printable.ts';
import type { Findings, FoundRequest, Kept } from './trace-findings.ts';
import { type Fields, type FoundEntry, millisecondsOf, type ScheduledAttempt, type Search } from './trace-search.ts';
import { rowsOfTask, verdictOfTask } from './trace-task-sentences.ts';
import { ago, codeText, lifeText, reasonOf, responseText, valueText, type Verdict } from './trace-words.ts';

export type { Verdict } from './trace-words.ts';

/** The newest that is known: where the request is now, else how it ended. */
export function verdictOf(findings: Findings, now: number): Verdict {
  const { type, ref, task, responses, deadLetters } = findings;
  if (task !== undefined) {
    return verdictOfTask({ type, ref, task, response: responses?.found[0], letter: deadLetters?.found[0] }, now);
  }
  return unfinished(findings, now) ?? finished(findings, now) ?? {
    outcome: 'Unknown',
    sentence:
      `nothing is known of the request ${ref}: it was never sent, went to another type, is finished and forgotten, or went to a worker that keeps no record of it`,
  };
}

function unfinished({ type, ref, requests, scheduled, responses }: Findings, now: number): Verdict | undefined {
  const open = requests?.found.filter((request) => !isOlder(request, responses?.found[0])) ?? [];
  const running = open.find(isHeld);
  if (running !== undefined) {
    return { outcome: 'Running', sentence: `${holderText(running)} has the request ${ref} and has not finished it` };
  }
  const again = scheduled?.found[0];
  if (again !== undefined) {
    return { outcome: 'Scheduled', sentence: `${type} tries the request ${ref} again: ${dueText(again, now)}` };
  }
  if (open.some(({ groups }) => groups.length === 0 || groups.some(({ delivered }) => !delivered))) {
    return { outcome: 'Waiting', sentence: `the request ${ref} waits: no consumer has taken it yet` };
  }
  return undefined;
}

function finished(findings: Findings, now: number): Verdict | undefined {
  const { type, ref, requests, responses, deadLetters, reply, trace } = findings;
  const [response, letter] = [responses?.found[0], deadLetters?.found[0]];
  if (response !== undefined) {
    const how = `with ${codeText(response)} ${ago(response.id, now)}`;
    return { outcome: 'Answered', sentence: `${type} answered the request ${ref} ${how}` };
  }
  if (letter !== undefined) {
    return { outcome: 'Dead', sentence: `nobody could finish the request ${ref}: ${reasonOf(letter)}` };
  }
  if (reply !== undefined) {
    return { outcome: 'Answered', sentence: `the request ${ref} is answered, and nobody has fetched the reply` };
  }
  if (trace?.content.has(traceField(type))) {
    return { outcome: 'Answered', sentence: `${type} finished the request ${ref}, as its trace tells` };
  }
  if (requests !== undefined && requests.found.length > 0) {
    const unseen = 'its response is not among those that were looked at';
    return { outcome: 'Finished', sentence: `the request ${ref} was taken and acknowledged; ${unseen}` };
  }
  if (trace === undefined) return undefined;
  return { outcome: 'Traced', sentence: `${type} has left nothing of the request ${ref}, but others have` };
}

/** A request that was sent again with the same reference is younger than the response to the one before. */
function isOlder({ id }: FoundEntry, response: FoundEntry | undefined): boolean {
  if (response === undefined) return false;
  return response.fields.get('xid')?.toString() === id || millisecondsOf(id) < millisecondsOf(response.id);
}

/** One row per place that has something of the request: what it is, and the sentence. */
export function rowsOf(findings: Findings, now: number): readonly (readonly [string, string])[] {
  const { type, requests, scheduled, responses, deadLetters, reply, trace, task } = findings;
  const traceId = traceIdOf(findings);
  return [
    ...(task === undefined ? [] : rowsOfTask(task, now)),
    ...(requests?.found ?? []).map((entry) =>
      ['request', `${entry.id} on ${requests?.key ?? ''}, ${ago(entry.id, now)}: ${placeText(entry)}`] as const
    ),
    ...(scheduled?.found ?? []).map((one) =>
      ['scheduled', `${dueText(one, now)}, in ${scheduled?.key ?? ''}`] as const
    ),
    ...(responses?.found ?? []).map((entry) =>
      ['response', `${entry.id} on ${responses?.key ?? ''}, ${ago(entry.id, now)}: ${responseText(entry)}`] as const
    ),
    ...(deadLetters?.found ?? []).map((entry) =>
      ['dead letter', `${entry.id} on ${deadLetters?.key ?? ''}, ${ago(entry.id, now)}: ${reasonOf(entry)}`] as const
    ),
    ...(reply === undefined ? [] : [
      [
        'reply',
        `not fetched yet, in ${reply.key}${lifeText(reply)}: ${reply.content.map(valueText).join(' ')}`,
      ] as const,
    ]),
    ...(trace === undefined ? [] : traceRows(type, trace)),
    ...(traceId === undefined ? [] : [['trace id', traceId] as const]),
  ];
}

/** Id of the trace that the caller has the request join, to look for it where traces are collected. */
export function traceIdOf({ requests, deadLetters }: Findings): string | undefined {
  const entries = [requests, deadLetters].flatMap((search) => search?.found ?? []);
  return entries.map(({ fields }) => parseTraceparent(fields.get(traceparentField)?.toString() ?? '')?.traceId)
    .find((id) => id !== undefined);
}

/** Where each search ended that did not see everything. */
export function endsOf({ requests, scheduled, responses, deadLetters }: Findings): readonly string[] {
  return [requests, scheduled, responses, deadLetters].flatMap((
    search,
  ) => (search === undefined ? [] : endText(search)));
}

function endText({ key, looked, of, endedAt }: Search<unknown>): readonly string[] {
  if (of === undefined) return [];
  const back = endedAt === undefined ? '' : `, back to ${timeText(millisecondsOf(endedAt))}`;
  return [`${key}: the search ended after ${looked} of ${of} entries${back}`];
}

function traceRows(type: string, trace: Kept<Fields>): readonly (readonly [string, string])[] {
  const own = [traceField(type), progressField(type)];
  const names = [
    ...own.filter((name) => trace.content.has(name)),
    ...[...trace.content.keys()].filter((name) => !own.includes(name)),
  ];
  const [first, ...rest] = names.map((name) =>
    `${printable(Buffer.from(name))}: ${fieldText(type, name, trace.content.get(name) ?? Buffer.alloc(0))}`
  );
  return [['trace', `${first ?? ''}, in ${trace.key}${lifeText(trace)}`], ...rest.map((text) => ['', text] as const)];
}

function fieldText(type: string, name: string, value: Buffer): string {
  if (name === progressField(type)) return `${printable(value)} %`;
  const told = name === traceField(type) ? parsed(value) : undefined;
  if (typeof told !== 'object' || told === null || !('received' in told) || !('completed' in told)) {
    return valueText(value);
  }
  return `received ${String(told.received)}, completed ${String(told.completed)}`;
}

function placeText(request: FoundRequest): string {
  const attempt = request.fields.get(runtimeFields.attempt);
  return `${attempt === undefined ? '' : `attempt ${printable(attempt)}, `}${standingText(request)}`;
}

function standingText({ groups }: FoundRequest): string {
  if (groups.length === 0) return 'the stream has no consumer group, so no worker of this type has run here';
  return groups.map((group) => {
    if (group.heldBy !== undefined) return groupHeld(group);
    return group.delivered ? `acknowledged in the group "${group.name}"` : `waiting in the group "${group.name}"`;
  }).join('; ');
}

function isHeld({ groups }: FoundRequest): boolean {
  return groups.some((group) => group.heldBy !== undefined);
}

function holderText({ groups }: FoundRequest): string {
  const group = groups.find((one) => one.heldBy !== undefined);
  return `consumer "${group?.heldBy ?? ''}" of the group "${group?.name ?? ''}"`;
}

function groupHeld(
  { name, heldBy: consumer = '', idleMs = 0, deliveries = 1 }: FoundRequest['groups'][number],
): string {
  const times = deliveries === 1 ? '' : `, for the ${deliveries}. time`;
  return `delivered to consumer "${consumer}" of the group "${name}" ${
    formatAge(idleMs / 1000)
  } ago${times}, and not acknowledged`;
}

function dueText({ dueMs, attempt }: ScheduledAttempt, now: number): string {
  const which = attempt === undefined ? 'the next attempt' : `attempt ${attempt}`;
  return dueMs > now
    ? `${which} is due in ${formatAge((dueMs - now) / 1000)}`
    : `${which} has been due for ${formatAge((now - dueMs) / 1000)}`;
}

/** The value as JSON; undefined when it is none. */
export function parsed(value: Buffer): unknown {
  try {
    return JSON.parse(value.toString());
  } catch {
    return undefined;
  }
}

function timeText(ms: number): string {
  return new Date(ms).toISOString();
}
