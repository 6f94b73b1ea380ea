/** `spec.tasks`: the list of Rhai scripts a worker runs, and what they are held to. */
import { z } from 'zod';
import { taskDefaults, taskFields } from '../../../contract/tasks.ts';
import { text, whole } from '../bounded.ts';
import { inOrder, matches, never, withRules } from '../rules.ts';

/** As with streams: what a rule of a Redis user and a shell can say. */
const plainKey = '^[!#-&(-~]+$';

const key = (what: string) =>
  withRules(
    text(512),
    inOrder(
      `${what} needs a key of its own`,
      matches(plainKey, `${what} must be printable ASCII without spaces and quotes`),
      never('[*?\\[\\]]', `${what} must not contain the characters of a pattern, which are * ? [ and ]`),
      never(
        '^(res|req):',
        `${what} must not begin with "res:" or "req:": keys below are replies and traces, which callers name`,
      ),
      never(
        ':(g|taken)$',
        `${what} must not end with ":g" or ":taken": keys that do hold whose a queue is and what was taken from it`,
      ),
    ),
  );

const circlePublicKey = withRules(
  text(256),
  matches(
    '^[0-9A-Za-z._:+/=-]+$',
    'tasks.circlePublicKey must be letters, digits and . _ : + / = -, as a public key in hex or base64 has them',
  ),
);

const field = (name: keyof typeof taskFields, what: string) =>
  withRules(
    text(64),
    matches('^[A-Za-z_][A-Za-z0-9_.-]*$', `tasks.fields.${name} must be a name: letters, digits, "_", "." and "-"`),
  ).default(taskFields[name]).describe(what);

const fields = z.object({
  script: field('script', 'The script, which the dispatcher writes.'),
  caller: field('caller', 'Who asks, which the dispatcher writes; scripts read it as CALLER_ID.'),
  status: field('status', 'pending, processing, completed or error.'),
  output: field('output', 'What the script came to, of a task that is completed.'),
  error: field('error', 'Why there is no output, of a task that ended with an error.'),
});

/** Everything about tasks. */
export const tasks = z.object({
  circlePublicKey: circlePublicKey.describe('Whose tasks these are; scripts read it as CONTEXT_ID.'),
  queue: key('tasks.queue').exactOptional().describe(
    'Key of the list dispatchers push task ids to; rhai_tasks:<circlePublicKey> when absent.',
  ),
  details: key('tasks.details').default('rhai_task_details:').describe(
    'What the keys of the hashes begin with that say what a task is; the id follows.',
  ),
  fields: fields.default({ ...taskFields }).describe('Names of the fields of such a hash.'),
  concurrency: whole(1, 64).default(1).describe('Scripts a consumer runs at once; they take turns on one processor.'),
  timeoutSeconds: whole(1, 86_400).default(30).describe('Seconds a script may run.'),
  maxOperations: whole(1, 1_000_000_000_000).default(taskDefaults.maxOperations).describe(
    'Operations a script may take, as Rhai counts them.',
  ),
  maxMemoryMiB: whole(8, 2048).default(taskDefaults.maxMemoryMiB).describe('Memory a script may use, in MiB.'),
  maxCallLevels: whole(1, 64).default(taskDefaults.maxCallLevels).describe('Calls of functions inside of each other.'),
  keepSeconds: whole(0, 315_360_000).default(0).describe(
    'Seconds the hash of a finished task is kept; 0 for as long as nobody else ends it.',
  ),
  maxDeliveries: whole(1, 100).default(5).describe(
    'Processes that may die of a task before it goes to the dead-letter stream.',
  ),
  progress: z.enum(['Enabled', 'Disabled']).default('Disabled').describe(
    'Whether scripts have the function progress(percent), which writes to the field "progress".',
  ),
});
