/** At its time. examples/cron is made by it. */
import type { Template } from './template.ts';

export const cron: Template = {
  about: 'does something at its time, once, however many consumers run',
  data: '{"at":"2026-12-24T18:00:00Z"}',
  imports: { 'croner': 'npm:croner@^11', 'ioredis': 'npm:ioredis@^6' },
  modules: (name) => ({
    [`${name}.ts`]: `/** What is to be done whenever it is time. */
import { type Handler, Reply } from 'redisworker';

const run: Handler<{ at?: string }> = ({ data }, { log }) => {
  if (!data?.at) throw new Reply(400, 'data.at must be the time it is done for');
  log.info('done', { at: data.at });
  return { done: data.at };
};

export default run;
`,
    [`${name}-cron.ts`]:
      `/** Adds a request for the worker "${name}" whenever it is time, once, however many consumers run this. */
import { Cron } from 'croner';
import { Redis } from 'ioredis';

/** Second, minute, hour, day of month, month, day of week; '0 0 6 * * 1-5' is at six on working days. */
const pattern = '*/2 * * * * *';
const worker = '${name}';
/** When it was time last; redis.keys opens it. */
const lastKey = '${name}-cron:last';

const [hashKey = ''] = Deno.args;
const redis = new Redis({ host: '127.0.0.1', port: 6379, enableReadyCheck: false }); // the pod leads to the real Redis
const taken = await redis.hget(hashKey, 'pid');
if (taken) throw new Error(\`\${hashKey} is taken by the process \${taken}\`);
await redis.hset(hashKey, 'pid', Deno.pid);

const job = new Cron(pattern, { timezone: 'Europe/Berlin', protect: true, catch: failed }, tick);
let due = job.nextRun();

async function tick(): Promise<void> {
  const at = due;
  due = job.nextRun();
  if (await redis.hget(hashKey, 'pid') !== String(Deno.pid)) Deno.exit(1); // somebody stops this process
  if (at !== null) await request(at.toISOString());
}

/** Of all consumers that try, one has the transaction: the key may not change between WATCH and EXEC. */
async function request(at: string): Promise<void> {
  await redis.watch(lastKey);
  if ((await redis.get(lastKey) ?? '') >= at) {
    await redis.unwatch();
    return;
  }
  const data = JSON.stringify({ at });
  const added = await redis.multi()
    .set(lastKey, at)
    .xadd(\`\${worker}:req:x\`, '*', 'ref', \`\${worker}-\${at}\`, 'type', worker, 'data', data)
    .exec();
  if (added !== null) console.log(\`it is time: \${at}\`);
}

/** The next tick tries again. */
function failed(error: unknown): void {
  console.error(\`no request was added: \${error instanceof Error ? error.message : String(error)}\`);
}
`,
  }),
  manifest: (name) =>
    `apiVersion: redisworker.dev/v1alpha1
kind: RedisWorker
metadata:
  name: ${name}
spec:
  source:
    file: ${name}.ts
  handler:
    maxAttempts: 3
---
# Knows when it is time. Two consumers, so that one goes on when the other is replaced.
apiVersion: redisworker.dev/v1alpha1
kind: RedisWorker
metadata:
  name: ${name}-cron
spec:
  runtime: Script
  source:
    file: ${name}-cron.ts
  consumers:
    count: 2
  redis:
    keys: ['${name}-cron:last', '${name}:req:x']
`,
  cases: () =>
    `  - name: does what is due at a time
    data: { at: '2026-11-30T05:00:00.000Z' }
    expect:
      data: { done: '2026-11-30T05:00:00.000Z' }
  - name: asks for the time
    data: {}
    expect:
      code: 400
      err: data.at must be the time it is done for
`,
};
