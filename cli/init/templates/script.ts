/** A whole program. examples/script is made by it. */
import type { Template } from './template.ts';

export const script: Template = {
  about: 'is a whole program, which serves its stream by itself',
  data: '{}',
  imports: { 'ioredis': 'npm:ioredis@^6' },
  modules: (name) => ({
    [`${name}.ts`]: `/** A whole program: it reads its config hash and serves its stream by itself. */
import { Redis } from 'ioredis';

const [hashKey = ''] = Deno.args;
const redis = new Redis({ host: '127.0.0.1', port: 6379, enableReadyCheck: false }); // the pod leads to the real Redis
const config = await redis.hgetall(hashKey);
const { type = '', consumerId = '', requestStream = '', responseStream = '' } = config;
const traceField = \`\${type.replace(/[-_]+(.?)/g, (_, letter: string) => letter.toUpperCase())}Trace\`;
if (config['pid']) throw new Error(\`\${hashKey} is taken by the process \${config['pid']}\`);
await redis.hset(hashKey, 'pid', Deno.pid);

/** Reply, response, trace and acknowledgement belong together: all of them, or none. */
async function answer(xid: string, { ref = '', type: asked }: Readonly<Record<string, string>>): Promise<void> {
  if (ref === '') {
    await redis.multi().hincrby(hashKey, 'err:ref', 1).xack(requestStream, 'worker', xid).exec();
    return;
  }
  const time = new Date().toISOString();
  const reply = asked === type
    ? { ref, code: 200, source: type, time, data: { date: time } }
    : { ref, code: 400, source: type, time, err: { message: \`this worker takes type "\${type}"\` } };
  const res = JSON.stringify(reply);
  await redis.multi()
    .lpush(\`res:\${ref}\`, res)
    .expire(\`res:\${ref}\`, Number(config['replyExpireSeconds'] ?? 8))
    .xadd(responseStream, '*', 'ref', ref, 'type', type, 'xid', xid, 'code', reply.code, 'res', res)
    .hset(\`req:\${ref}:h\`, traceField, JSON.stringify({ received: time, completed: time, res: reply }))
    .xack(requestStream, 'worker', xid)
    .exec();
}

let from = '0'; // first what an earlier process of this id left unfinished, then, by ">", what is new
for (;;) {
  if (await redis.hget(hashKey, 'pid') !== String(Deno.pid)) Deno.exit(1); // somebody stops this process
  const place = ['GROUP', 'worker', consumerId, 'COUNT', 1, 'BLOCK', 1000, 'STREAMS', requestStream, from] as const;
  const found = await redis.xreadgroup(...place);
  const [entry] = found?.[0]?.[1] ?? [];
  if (entry === undefined) from = '>';
  else await answer(entry[0], Object.fromEntries(pairs(entry[1] ?? [])));
}

function pairs(fields: readonly string[]): (readonly [string, string])[] {
  return fields.flatMap((name, at) => (at % 2 === 0 ? [[name, fields[at + 1] ?? ''] as const] : []));
}
`,
  }),
  manifest: (name) =>
    `apiVersion: redisworker.dev/v1alpha1
kind: RedisWorker
metadata:
  name: ${name}
spec:
  runtime: Script
  source:
    file: ${name}.ts
`,
  cases: (name) =>
    `  - name: tells the time
    data: {}
    expect:
      data: { date: { $any: time } }
      trace: { ${name}: { res: { code: 200 } } }
  - name: answers every request
    data: {}
    expect:
      code: 200
`,
};
