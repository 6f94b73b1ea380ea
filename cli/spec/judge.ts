/** Holds what came of a request against what a spec expects. Pure. */
import { isSuccess, type Reply } from '../../contract/reply.ts';
import { runtimeFieldPrefix, runtimeFields } from '../../contract/runtime-fields.ts';
import { traceField } from '../../contract/trace.ts';
import type { Findings } from '../../operator/redis/requests/trace-findings.ts';
import type { Fields } from '../../operator/redis/requests/trace-search.ts';
import type { Ended } from '../push-task.ts';
import { type Difference, differences } from './difference.ts';
import type { Expectation } from './schema.ts';

/** The reply, and the milliseconds it took. */
export function judgeReply(expected: Expectation, reply: Reply, ms: number): Difference[] {
  const { code, data, err, withinMs } = expected;
  return [
    ...judgeCode(code, err !== undefined, reply),
    ...(data === undefined ? [] : differences(data, reply.data, ['data'])),
    ...(err === undefined
      ? []
      : differences(typeof err === 'string' ? { message: err } : err, reply.err, ['err'], true)),
    ...judgeTime(withinMs, ms),
  ];
}

/** How a task ended, and the milliseconds it took. */
export function judgeTask(
  { output, error, withinMs }: Expectation,
  { kind, text }: Ended,
  ms: number,
): Difference[] {
  const wanted = error === undefined ? 'completed' : 'error';
  const ended = kind === wanted ? [] : [{ path: 'status', expected: wanted, found: `${kind} (${text})` }];
  return [
    ...ended,
    ...(output === undefined || kind !== 'completed' ? [] : differences(output, text, ['output'])),
    ...(error === undefined || kind !== 'error' ? [] : differences(error, text, ['error'])),
    ...judgeTime(withinMs, ms),
  ];
}

function judgeTime(withinMs: number | undefined, ms: number): Difference[] {
  if (withinMs === undefined || ms <= withinMs) return [];
  return [{ path: 'withinMs', expected: `at most ${withinMs} ms`, found: `${Math.ceil(ms)} ms` }];
}

/** A code nobody expected is told with the error it came with. */
function judgeCode(code: number | undefined, isError: boolean, reply: Reply): Difference[] {
  const isExpected = code === undefined ? isSuccess(reply.code) !== isError : reply.code === code;
  if (isExpected) return [];
  const any = isError ? 'any but 200 to 299' : 'any from 200 to 299';
  const words = reply.err === undefined || isError ? '' : ` (${reply.err.message})`;
  return [{ path: 'code', expected: code === undefined ? any : String(code), found: `${reply.code}${words}` }];
}

/** What is looked for beside the reply, once it is there. @param since id of the request: older letters are of another */
export function judgeFindings(expected: Expectation, findings: Findings, since: string): Difference[] {
  const trace = findings.trace?.content ?? new Map<string, Buffer>();
  const noted = Object.entries(expected.trace ?? {}).flatMap(([name, value]) => {
    const text = trace.get(name) ?? trace.get(traceField(name));
    return differences(value, text === undefined ? undefined : jsonOrText(text), ['trace', name], true);
  });
  return [...noted, ...judgeLetters(expected.deadLetter, findings, since)];
}

function judgeLetters(expected: Expectation['deadLetter'], { deadLetters }: Findings, since: string): Difference[] {
  if (expected === undefined) return [];
  const letters = (deadLetters?.found ?? []).filter(({ id }) => millisecondsOf(id) >= millisecondsOf(since));
  const [letter] = letters.map(({ fields }) => letterOf(fields));
  if (expected === false) {
    return letter === undefined ? [] : [{ path: 'deadLetter', expected: 'none', found: JSON.stringify(letter) }];
  }
  if (letter === undefined) return [{ path: 'deadLetter', expected: 'one', found: 'none' }];
  return expected === true ? [] : differences(expected, letter, ['deadLetter'], true);
}

/** The fields of the request, and what the runtime says of it. */
function letterOf(fields: Fields): Record<string, unknown> {
  const users = [...fields].filter(([name]) => !name.startsWith(runtimeFieldPrefix));
  return {
    ...Object.fromEntries(users.map(([name, value]) => [name, name === 'data' ? jsonOrText(value) : value.toString()])),
    reason: fields.get(runtimeFields.reason)?.toString() ?? '',
    attempts: Number(fields.get(runtimeFields.attempts)?.toString()),
  };
}

function jsonOrText(value: Buffer): unknown {
  try {
    return JSON.parse(value.toString());
  } catch {
    return value.toString();
  }
}

function millisecondsOf(id: string): number {
  return Number(id.split('-')[0]);
}
