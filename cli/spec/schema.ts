/** What a test spec says: requests and tasks to workers, and what is expected of each. One schema for the parse and for editors. */
import { z } from 'zod';
import { requestFields } from '../../contract/request.ts';

/** What a placeholder may stand for. */
export const anyKinds = ['value', 'string', 'number', 'boolean', 'uuid', 'time'] as const;

const text = z.string().min(1);

/** A value in which `$any`, `$matches` and `$contains` stand for what is not known beforehand. */
const expectedValue = z.json().describe(
  `The value, in which a map with one of these keys stands for another: {$any: ${
    anyKinds.join(' | ')
  }}, {$matches: a regular expression}, {$contains: a map, or items of a list, beside which there may be others}.`,
);

const expectation = z.strictObject({
  code: z.int().min(100).max(999).exactOptional().describe(
    'Code of the reply; without it, any from 200 to 299, or any other where err is given.',
  ),
  data: expectedValue.exactOptional(),
  err: z.union([text, z.strictObject({ message: expectedValue })]).exactOptional().describe(
    'Message of the error: as text, or {message: …} with a placeholder.',
  ),
  trace: z.record(text, expectedValue).exactOptional().describe(
    'What the trace holds at least: by the type of a worker what it has noted, {received, completed, res}; or by the name of any other field.',
  ),
  output: expectedValue.exactOptional().describe('Of a task: what its script comes to, as text.'),
  error: expectedValue.exactOptional().describe('Of a task: the text of its error.'),
  deadLetter: z.union([z.boolean(), z.record(text, expectedValue)]).exactOptional().describe(
    'Whether it becomes a dead letter; or what that holds at least: reason, attempts, and fields of the request.',
  ),
  withinMs: z.int().min(1).exactOptional().describe('Milliseconds until the reply, or the end of the task.'),
});

const testCase = z.strictObject({
  name: text.describe('What is true when it passes.'),
  type: text.exactOptional().describe('Worker type; that of the spec when absent.'),
  script: text.exactOptional().describe(
    'Of a worker with runtime: Rhai: the script of a task, which is sent in the place of a request.',
  ),
  caller: text.exactOptional().describe('What the script reads as CALLER_ID.'),
  data: z.json().exactOptional().describe('The field data of the request.'),
  fields: z.record(
    text.refine((name) => !Object.hasOwn(requestFields, name), {
      message: 'is not a further field: ref, type and data have words of their own',
    }),
    z.string(),
  ).exactOptional().describe('Further fields of the request.'),
  ref: text.exactOptional().describe('Reference of the request, or id of the task; a random one when absent.'),
  timeoutSeconds: z.int().min(1).max(3600).exactOptional(),
  expect: expectation,
});

/** The whole document. */
export const specSchema = z.strictObject({
  $schema: z.string().exactOptional(),
  worker: z.union([text, z.array(text).min(1)]).exactOptional().describe(
    'Manifest files, or folders of them, whose workers are started for the test; paths are relative to this file.',
  ),
  type: text.exactOptional().describe('Worker type of the cases that name none.'),
  queue: text.exactOptional().describe(
    'List of the tasks of cases with a script, where no session and no cluster knows the worker.',
  ),
  timeoutSeconds: z.int().min(1).max(3600).default(30).describe(
    'How long each case waits for its reply, or for the end of its task.',
  ),
  cases: z.array(testCase).min(1).describe('Run one after the other.'),
});

export type Spec = z.output<typeof specSchema>;
export type Expectation = z.output<typeof expectation>;

/** JSON Schema of a spec, for editors. */
export function specJsonSchema(): object {
  return { title: 'redisworker test spec', ...z.toJSONSchema(specSchema, { io: 'input', target: 'draft-7' }) };
}
