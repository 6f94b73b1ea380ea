/** The Handler runtime against a real Redis: what callers, operators and kubelets see of it. */
import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test, type TestContext } from 'vitest';
import {
  deadLetterStreamKey,
  replyListKey,
  requestStreamKey,
  responseStreamKey,
  traceHashKey,
} from '../../contract/keys.ts';
import { encodeKeyLine, encryptSecret, generateKey } from '../../contract/secrets.ts';
import { decodeReply, type Reply } from '../../contract/reply.ts';
import { proxyVariables } from '../../contract/pod.ts';
import { startForwardProxy } from '../support/forward-proxy.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { secondsLeft } from '../support/server-features.ts';
import { startWorker, type TestWorker, type WorkerOptions, writeHash } from '../support/worker.ts';
import { eventually } from '../support/wait.ts';

let redis: TestRedis;
let client: Redis;
beforeAll(async () => {
  redis = await startRedis();
  client = redis.client;
});
afterAll(() => redis.stop());

type Fields = Record<string, string | Buffer>;

/** Adds a request and gives its ref. */
async function send(type: string, fields: Fields, ref: string = randomUUID(), to = client): Promise<string> {
  await to.xadd(requestStreamKey(type), '*', 'ref', ref, ...Object.entries({ type, ...fields }).flat());
  return ref;
}

async function sendMany(type: string, count: number): Promise<void> {
  await client.xgroup('CREATE', requestStreamKey(type), 'worker', '0', 'MKSTREAM');
  const many = client.pipeline();
  for (let at = 0; at < count; at++) {
    many.xadd(requestStreamKey(type), '*', 'ref', `${type}-${at}`, 'type', type, 'data', '1');
  }
  await many.exec();
}

async function replyTo(ref: string, from = client): Promise<Reply> {
  const text = await eventually(`a reply to ${ref}`, () => from.rpop(replyListKey(ref)));
  return decodeReply(text);
}

const ask = async (type: string, data: unknown): Promise<Reply> =>
  replyTo(await send(type, { data: JSON.stringify(data) }));

const pendingCount = async (type: string, from = client): Promise<number> =>
  Number((await from.xpending(requestStreamKey(type), 'worker'))[0]);

/** A worker that is stopped with its test. Tests run side by side, so each hands in its own context. */
async function run(
  { onTestFinished }: TestContext,
  options: Omit<WorkerOptions, 'on'> & { on?: TestRedis },
  consumerId = '1',
): Promise<TestWorker> {
  const worker = await startWorker({ on: redis, ...options }, consumerId);
  onTestFinished(async ({ task }) => {
    await worker.stop();
    if (task.result?.state === 'fail') process.stderr.write(worker.output());
  });
  return worker;
}

const status = async (worker: TestWorker, path: string): Promise<number> =>
  fetch(worker.healthUrl + path).then((response) => response.status, () => 0);

const ready = (worker: TestWorker): Promise<unknown> =>
  eventually('the worker is ready', async () => (await status(worker, '/readyz')) === 200);

const echo = 'export default ({ data }) => data';

describe('one worker with every kind of request', () => {
  const type = 'all-kinds';
  const key = generateKey();
  let worker: TestWorker;
  const module = `
    import { Reply, type Handler } from "redisworker";
    let late = 0;
    const acts: Record<string, Handler<any>> = {
      echo: ({ data }) => data.value,
      nothing: () => {},
      throw: () => { throw new Error("broken: " + "ü"); },
      throwText: () => { throw "just text"; },
      notFound: () => { throw new Reply(404, "no such thing"); },
      created: () => new Reply(201, { id: 7 }),
      refusedWithData: () => new Reply(409, { message: "taken", by: "b" }),
      badCode: () => new Reply(20, "x"),
      bigInt: () => 12n,
      cycle: () => { const a: any = {}; a.a = a; return a; },
      function: () => () => 1,
      exit: () => Deno.exit(9),
      end: async () => {
        const named = await import("node:process");
        const ways = [() => Deno.kill(Deno.pid), () => process.exit(1), () => process.kill(Deno.pid), () => process.abort(), () => named.exit(1), () => named.kill(Deno.pid), () => named.default.reallyExit(1), () => close(), () => typeof Deno[Deno.internal]];
        return ways.map((way) => { try { return way(); } catch (error) { return error.message.split(" was called")[0]; } });
      },
      odd: () => { throw Object.assign(new Error("x"), { message: { code: 42 } }); },
      oddLater: async () => { throw new Proxy(new Error("x"), { get() { throw null; } }); },
      denied: () => fetch("http://10.1.2.3:8080/"),
      map: () => ({ users: new Map([["a", 1]]) }),
      loose: () => { setTimeout(() => { throw new Error("thrown later"); }); Promise.reject(new Error("rejected later")); return "fine"; },
      forever: (_r, { signal }) => new Promise(() => signal.addEventListener("abort", () => { late++; })),
      late: () => late,
      secret: (_r, { secrets }) => ({ names: Object.keys(secrets), length: (secrets.token as string).length }),
      peek: async () => {
        const tell = async (act: () => unknown) => { try { return String(await act()); } catch (e) { return (e as Error).name; } };
        return [await tell(() => Deno.env.get("REDIS_URL")), ...await Promise.all(["password", "tls.key"].map((name) => tell(() => Deno.readTextFile(new URL("../secret/" + name, import.meta.url)))))];
      },
      big: () => "x".repeat(1_000_000),
      who: (_r, { ref, id, attempt, config }) => ({ ref: ref.length, id, attempt, config }),
      progress: ({ ref }, { progress, log }) => { progress(40); log.info("halfway", { extra: 1 }); console.log("plain", ref.length); return new Promise((r) => setTimeout(r, 300)); },
    };
    export default ((request, context) => {
      const bytes = request.bytes("image");
      if (bytes) return { bytes: Array.from(bytes), title: request.fields.title };
      return acts[request.data.act](request, context);
    }) as Handler<any>;`;

  beforeAll(async () => {
    const secret = await encryptSecret(type, { token: 'sesame-open' }, key);
    await writeHash(client, type, {
      secret,
      replyExpireSeconds: 30,
      responseStreamLimit: 5000,
      workerUrl: 'https://example.com/w/',
      workerVersion: '3',
    });
    worker = await startWorker({
      type,
      module,
      on: redis,
      stdin: encodeKeyLine(key),
      settings: { timeoutSeconds: 1 },
      secretFiles: { password: 'unused', 'tls.key': 'unused' },
      env: { REDIS_CA_FILE: '<secret>/password', REDIS_KEY_FILE: '<secret>/tls.key' },
    });
    await ready(worker);
  });
  afterAll(() => worker.stop());

  test('writes reply, response and trace, and acknowledges', async () => {
    const ref = randomUUID();
    const xid = await client.xadd(
      requestStreamKey(type),
      '*',
      'ref',
      ref,
      'type',
      type,
      'data',
      '{"act":"echo","value":{"ü":1}}',
    );
    const reply = await replyTo(ref);
    expect(reply).toEqual({ ref, code: 200, source: type, time: expect.stringMatching(/^\d{4}-.*Z$/), data: { ü: 1 } });
    const [, fields] = (await client.xrevrange(responseStreamKey(type), '+', '-', 'COUNT', 1))[0]!;
    const names = fields.filter((_, at) => at % 2 === 0);
    expect(names).toEqual(['ref', 'type', 'xid', 'code', 'res', 'consumer', 'ms', 'attempt']);
    const response = Object.fromEntries(names.map((name, at) => [name, fields[at * 2 + 1]]));
    expect(response).toMatchObject({ ref, type, xid, code: '200', consumer: '1', attempt: '1' });
    expect(JSON.parse(response['res']!)).toEqual(reply);
    const trace = JSON.parse((await client.hget(traceHashKey(ref), 'allKindsTrace'))!) as Record<string, unknown>;
    expect(Object.keys(trace)).toEqual(['received', 'completed', 'res']);
    expect(trace['res']).toEqual(reply);
    expect(await secondsLeft(client, traceHashKey(ref), 'allKindsTrace')).toBeGreaterThan(0);
  });

  test('gives the reply list the expiry of the config hash', async () => {
    const ref = await send(type, { data: '{"act":"nothing"}' });
    const ttl = await eventually('a reply', async () => {
      const left = await client.ttl(replyListKey(ref));
      return left > 0 && left;
    });
    expect(ttl).toBeLessThanOrEqual(30);
    expect(ttl).toBeGreaterThan(8);
  });

  test('turns what a handler returns and throws into codes', async () => {
    const answers = await Promise.all([
      'nothing',
      'throw',
      'throwText',
      'notFound',
      'created',
      'refusedWithData',
      'badCode',
      'bigInt',
      'cycle',
      'function',
      'exit',
    ].map(async (act) => {
      const { code, data, err } = await ask(type, { act });
      return [act, code, data ?? err?.message, ...(data !== undefined && err ? [err.message] : [])];
    }));
    expect(answers).toEqual([
      ['nothing', 200, undefined],
      ['throw', 500, 'broken: ü'],
      ['throwText', 500, 'just text'],
      ['notFound', 404, 'no such thing'],
      ['created', 201, { id: 7 }],
      ['refusedWithData', 409, { message: 'taken', by: 'b' }, 'taken'],
      ['badCode', 500, 'the code of a Reply must be a whole number from 100 to 999, not 20'],
      ['bigInt', 500, expect.stringContaining('cannot be written as JSON: Do not know how to serialize a BigInt')],
      ['cycle', 500, expect.stringContaining('cannot be written as JSON')],
      ['function', 500, "the handler's result cannot be written as JSON: it is a function"],
      ['exit', 500, expect.stringContaining("a worker's code cannot end the process")],
    ]);
  });

  test('answers an error with an odd message at once', async () => {
    expect((await ask(type, { act: 'odd' })).err?.message).toBe('{ code: 42 }');
    expect((await ask(type, { act: 'oddLater' })).code).toBe(500);
  });

  test("logs what a handler throws with its reference and where in the user's own file", async () => {
    const ref = await send(type, { data: '{"act":"throw"}' });
    await replyTo(ref);
    const line = await eventually(
      'the failure is logged',
      () => worker.output().split('\n').find((text) => text.includes(ref) && text.includes('failed')),
    );
    expect(JSON.parse(line)).toMatchObject({ ref, attempt: 1, reason: 'broken: ü' });
    expect(JSON.parse(line).stack).toMatch(/^Error: broken: ü\n\s+at \S+ \(worker\.ts:\d+:\d+\)\n/);
    expect(JSON.parse(line).stack).not.toContain('file://');
  });

  test('tells a denial in the words of the manifest, and a result that JSON would lose', async () => {
    expect((await ask(type, { act: 'denied' })).err?.message).toBe(
      'Requires net access to "10.1.2.3:8080": add 10.1.2.3:8080 to spec.permissions.net',
    );
    expect((await ask(type, { act: 'map' })).err?.message).toContain('return Object.fromEntries(map)');
  });

  test('keeps user code from ending the process', async () => {
    expect((await ask(type, { act: 'end' })).data).toEqual([
      expect.stringMatching(/^kill\(\d+\)/),
      'process.exit(1)',
      expect.stringMatching(/^process\.kill\(\d+\)/),
      'process.abort()',
      'process.reallyExit(1)',
      expect.stringMatching(/^process\._kill\(\d+/),
      'process.reallyExit(1)',
      'close()',
      'undefined',
    ]);
  });

  test('refuses bad requests, counts them, and goes on', async () => {
    const refs = ['other-type', 'no-type', 'other-url', 'old-form', 'no-json'];
    await client.xadd(requestStreamKey(type), '*', 'type', type, 'data', '{}');
    await client.xadd(requestStreamKey(type), '*', 'ref', refs[0]!, 'type', 'other');
    await client.xadd(requestStreamKey(type), '*', 'ref', refs[1]!, 'data', '{}');
    await client.xadd(requestStreamKey(type), '*', 'ref', refs[2]!, 'workerUrl', 'https://evil.example/');
    await client.xadd(
      requestStreamKey(type),
      '*',
      'ref',
      refs[3]!,
      'workerUrl',
      'https://example.com/w/worker.ts',
      'data',
      '{"act":"nothing"}',
    );
    await client.xadd(requestStreamKey(type), '*', 'ref', refs[4]!, 'type', type, 'data', '{nonsense');
    const replies = await Promise.all(refs.map((ref) => replyTo(ref)));
    expect(replies.map(({ code }) => code)).toEqual([400, 400, 400, 200, 400]);
    expect(replies[4]!.err!.message).toMatch(/^the field "data" of the request is not JSON/);
    const counters = await client.hmget(worker.hashKey, 'err:ref', 'err:type', 'err:workerUrl');
    expect(counters).toEqual(['1', '2', '1']);
  });

  test('carries binary fields and a megabyte', async () => {
    const image = Buffer.from([0, 13, 10, 255, 128, 36]);
    const withImage = await send(type, { image, title: 'größe' });
    expect((await replyTo(withImage)).data).toEqual({ bytes: [...image], title: 'größe' });
    const value = 'ü'.repeat(500_000);
    expect((await ask(type, { act: 'echo', value })).data).toBe(value);
    const big = await send(type, { data: '{"act":"big"}' });
    expect((await replyTo(big)).data).toHaveLength(1_000_000);
    const responses = await client.xrange(responseStreamKey(type), '-', '+');
    const res = responses.map(([, fields]) => fields).find((fields) => fields[1] === big)![9]!;
    expect(JSON.parse(res)).toEqual({ ref: big, code: 200, source: type, time: expect.any(String) });
  });

  test('survives errors nobody caught and logs them', async () => {
    expect((await ask(type, { act: 'loose' })).data).toBe('fine');
    await eventually(
      'both errors are logged',
      () => worker.output().includes('rejected later') && worker.output().includes('thrown later'),
    );
    expect((await ask(type, { act: 'echo', value: 1 })).data).toBe(1);
  });

  test('answers 504 when time is over and aborts the signal', async () => {
    const { code, err } = await ask(type, { act: 'forever' });
    expect([code, err?.message]).toEqual([504, 'the handler did not finish within 1 s']);
    expect((await ask(type, { act: 'late' })).data).toBe(1);
  });

  test('opens the secret for the handler and hides the rest of the pod', async () => {
    expect((await ask(type, { act: 'secret' })).data).toEqual({ names: ['token'], length: 11 });
    expect((await ask(type, { act: 'peek' })).data).toEqual(['undefined', 'NotCapable', 'NotCapable']);
    expect(worker.output()).not.toContain(key);
    expect(worker.output()).not.toContain('sesame');
  });

  test('tells the handler who it is, whatever a caller says', async () => {
    const ref = randomUUID();
    const forged = ['rw:attempt', '7', 'rw:xid', '1-1', 'rw:proof', '0'.repeat(16)];
    const fields = ['ref', ref, 'type', type, 'data', '{"act":"who"}', ...forged];
    const xid = await client.xadd(requestStreamKey(type), '*', ...fields);
    const config = { type, consumerId: '1', workerVersion: '3', sourceDigest: 'sha256-test' };
    expect((await replyTo(ref)).data).toEqual({ ref: 36, id: xid, attempt: 1, config });
  });

  test('logs JSON lines with the ref and tells progress in the trace', async () => {
    const ref = await send(type, { data: '{"act":"progress"}' });
    await eventually(
      'progress is in the trace',
      async () => (await client.hget(traceHashKey(ref), 'allKindsProgress')) === '40',
    );
    await replyTo(ref);
    const lines = worker.output().trim().split('\n').map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines).toContainEqual(expect.objectContaining({ msg: 'halfway', ref, extra: 1, level: 'info' }));
    expect(lines).toContainEqual(expect.objectContaining({ msg: 'plain 36' }));
  });

  test('sends a request to the dead-letter stream when its reply cannot be written', async () => {
    const ref = randomUUID();
    await client.set(replyListKey(ref), 'not a list');
    await send(type, { data: '{"act":"nothing"}' }, ref);
    const letter = await eventually(
      'a dead letter',
      async () =>
        (await client.xrange(deadLetterStreamKey(type), '-', '+')).map(([, fields]) => fields).find((fields) =>
          fields.includes(ref)
        ),
    );
    expect(letter[letter.indexOf('rw:reason') + 1]).toMatch(/^its reply could not be written: WRONGTYPE/);
    await eventually('nothing is pending', async () => (await pendingCount(type)) === 0);
  });

  test('makes the group anew when the stream is deleted, and goes on', async () => {
    await client.del(requestStreamKey(type));
    expect((await ask(type, { act: 'echo', value: 2 })).data).toBe(2);
    await eventually('ready again', async () => (await status(worker, '/readyz')) === 200);
    expect(await status(worker, '/healthz')).toBe(200);
    expect(await status(worker, '/other')).toBe(404);
  });

  test('ends with code 3 once its pid is removed', async () => {
    await client.hdel(worker.hashKey, 'pid');
    expect(await worker.ended).toBe(3);
    expect(worker.output()).toMatch(/redisworker: the field "pid" of all-kinds:1:h was changed or removed/);
    expect(await client.hexists(worker.hashKey, 'pid')).toBe(0);
  });
});

describe.concurrent('starting', () => {
  test('refuses modules it cannot run, with one sentence, and code 4 where only another module helps', async (t) => {
    const { expect } = t;
    const modules = [
      [
        'does-not-parse',
        'export default (',
        /: the module worker.ts cannot be loaded: SyntaxError: Expression expected \(worker.ts:1:\d+\): export default \($/,
      ],
      ['no-default', 'export const handler = () => 1', /has no default export; write "export default/],
      ['no-function', 'export default { handle: 1 }', /must be a function, not an object/],
      [
        'declared-twice',
        'const rate: number = 1;\n  const rate = 2;\nexport default () => rate',
        /cannot be loaded: Identifier 'rate' has already been declared \(worker.ts:2:9\): const rate = 2;$/,
      ],
      ['throws', 'throw new Error("no database")', /cannot be loaded: no database \(worker.ts:1:\d+\)$/, 1],
      ['throws-syntax', 'JSON.parse("")', /cannot be loaded: Unexpected end of JSON input \(worker.ts:1:6\)$/, 1],
      [
        'missing-import',
        'import "./nothing.ts"; export default () => 1',
        /cannot be loaded: Module not found "nothing.ts": a worker is one file, bundle it into the module \(worker.ts:1:\d+\)$/,
        1,
      ],
      ['exits', 'Deno.exit(0)', /cannot be loaded: exit\(0\) was called; a worker's code .* \(worker.ts:1:6\)$/, 1],
      [
        'throws-odd',
        'throw Object.assign(new Error(), { message: { code: 42 } })',
        /cannot be loaded: \{ code: 42 \}/,
        1,
      ],
      ['throws-proxy', 'throw new Proxy({}, { get() { throw 1; } })', /cannot be loaded: /, 1],
      ['class', 'export default class Greeter {}', /must be a function, not a class; export one that makes it/],
      ['generator', 'export default async function* pages() {}', /must be a function, not a generator, whose body/],
      ['npm', 'import "npm:lodash";', /npm packages are not loaded from the network: bundle them into the module/, 1],
      [
        'remote',
        'import "https://example.com/a.ts";',
        /Requires import access to "example.com:443": bundle it into the module \(worker.ts:1:8\)$/,
        1,
      ],
    ] as const;
    await Promise.all(modules.map(async ([type, module, message, code = 4]) => {
      await writeHash(client, type);
      const worker = await run(t, { type, module });
      expect([type, await worker.ended]).toEqual([type, code]);
      expect(worker.output().trim().split('\n')).toEqual([expect.stringMatching(message)]);
      expect(await client.hexists(worker.hashKey, 'pid')).toBe(0);
    }));
  });

  test('ends with code 5 without a key or with one that does not fit, and tells no secret', async (t) => {
    const { expect } = t;
    const [key, wrongKey] = [generateKey(), generateKey()];
    const [keyed, keyless] = ['wrong-key', 'no-key'];
    await writeHash(client, keyed, { secret: await encryptSecret(keyed, { token: 'sesame' }, key) });
    await writeHash(client, keyless, { secret: await encryptSecret(keyless, { token: 'sesame' }, key) });
    const workers = [
      await run(t, {
        type: keyed,
        module: echo,
        secretFiles: { key: encodeKeyLine(wrongKey) },
        env: { WORKER_KEY_FILE: '<secret>/key' },
      }),
      await run(t, { type: keyless, module: echo }),
    ];
    expect(await Promise.all(workers.map((worker) => worker.ended))).toEqual([5, 5]);
    const messages = workers.map((worker) => worker.output());
    expect(messages[0]).toContain('the secret of wrong-key:1:h cannot be opened');
    expect(messages[1]).toContain('there is no key for it');
    expect(messages.join('')).not.toMatch(new RegExp(`sesame|${key}|${wrongKey}`));
    expect(await client.hexists('wrong-key:1:h', 'pid')).toBe(0);
  });

  test('waits for its config hash, says so once, and works as soon as there is one', async (t) => {
    const { expect } = t;
    const worker = await run(t, { type: 'no-hash', module: echo });
    await eventually(
      'it says what it waits for',
      () => worker.output().includes('the config hash no-hash:1:h does not exist'),
    );
    expect([await status(worker, '/healthz'), await status(worker, '/readyz')]).toEqual([200, 503]);
    await writeHash(client, 'no-hash');
    expect((await ask('no-hash', 3)).data).toBe(3);
    expect(worker.output().split('does not exist')).toHaveLength(2);
  });

  test('replaces the pid of a dead process of its own pod, and waits while another pod holds the place', async (t) => {
    const { expect } = t;
    const [own, foreign] = ['own-stale', 'foreign-pid'];
    await client.hset(await writeHash(client, own), { pid: '999999', owner: 'pod-1' });
    const foreignKey = await writeHash(client, foreign);
    await client.hset(foreignKey, { pid: '1', owner: 'pod-of-somebody' });
    const [first, second] = [await run(t, { type: own, module: echo }), await run(t, { type: foreign, module: echo })];
    await ready(first);
    expect(first.output()).toContain('the process before this one in the pod did not end by itself');
    await eventually('it says whom it waits for', () => second.output().includes('pod-of-somebody'));
    expect(await status(second, '/readyz')).toBe(503);
    expect(await status(second, '/healthz')).toBe(200);
    expect(await client.hget(foreignKey, 'pid')).toBe('1');
    await client.hdel(foreignKey, 'pid');
    expect((await ask(foreign, 1)).data).toBe(1);
    first.child.kill('SIGTERM');
    expect(await first.ended).toBe(0);
    expect(await client.hmget(first.hashKey, 'pid', 'owner')).toEqual([null, null]);
  });
});

describe.concurrent('working', () => {
  test('retries with back-off, then sends to the dead-letter stream and answers', async (t) => {
    const { expect } = t;
    const type = 'retrying';
    await writeHash(client, type);
    await run(t, {
      type,
      settings: { maxAttempts: 3, backoff: { initialMs: 20, maxMs: 50 } },
      module: `import { DoNotRetry } from "redisworker";
        export default ({ data }, { attempt, id }) => {
          if (data === "never") throw new DoNotRetry("closed");
          if (data === "third" && attempt === 3) return { attempt, id };
          throw new Error("attempt " + attempt + " failed");
        }`,
    });
    const xid = (await client.xadd(requestStreamKey(type), '*', 'ref', 'third', 'type', type, 'data', '"third"'))!;
    const odd = Buffer.from([255, 0, 13, 10]);
    await send(type, { data: '"always"', odd, attempt: 'mine' }, 'always');
    await send(type, { data: '"never"' }, 'never');
    expect((await replyTo('third')).data).toEqual({ attempt: 3, id: xid });
    expect(await replyTo('always')).toMatchObject({ code: 500, err: { message: 'attempt 3 failed' } });
    expect(await replyTo('never')).toMatchObject({ code: 500, err: { message: 'closed' } });
    const letters = (await client.xrangeBuffer(deadLetterStreamKey(type), '-', '+')).map(([, fields]) => fields);
    expect(letters).toHaveLength(2);
    const always = letters.find((fields) => fields[1]!.toString() === 'always')!;
    expect(always.slice(0, 10)).toEqual(
      ['ref', 'always', 'type', type, 'data', '"always"', 'odd', odd, 'attempt', 'mine'].map((part) =>
        Buffer.from(part)
      ),
    );
    expect(always.slice(12).map(String)).toEqual([
      'rw:reason',
      'attempt 3 failed',
      'rw:attempts',
      '3',
      'rw:source',
      'sha256-test',
    ]);
    await eventually('nothing is pending', async () => (await pendingCount(type)) === 0);
  });

  test('answers every request once though it is killed in the middle', async (t) => {
    const { expect } = t;
    const type = 'killed';
    const key = await writeHash(client, type);
    const options = {
      type,
      module: 'export default async ({ data }) => { await new Promise((r) => setTimeout(r, data % 7)); return data; }',
    };
    const total = 600;
    const pipeline = client.pipeline();
    for (let at = 0; at < total; at++) {
      pipeline.xadd(requestStreamKey(type), '*', 'ref', `killed-${at}`, 'type', type, 'data', String(at));
    }
    await pipeline.exec();
    await client.hset(key, 'replyExpireSeconds', '600');
    const answered = async () => client.xlen(responseStreamKey(type));
    for (const goal of [1, total / 3]) {
      const worker = await run(t, options);
      await eventually('some are answered', async () => (await answered()) >= goal);
      worker.child.kill('SIGKILL');
      await worker.ended;
    }
    await run(t, options);
    await eventually(
      'all are answered and none is pending',
      async () => (await answered()) >= total && (await pendingCount(type)) === 0,
    );
    const lengths = await Promise.all(
      Array.from({ length: total }, (_, at) => client.llen(replyListKey(`killed-${at}`))),
    );
    expect(lengths.filter((length) => length !== 1)).toEqual([]);
    expect(await answered()).toBe(total);
  });

  test('sets a request aside that kills its process, and answers the others', async (t) => {
    const { expect } = t;
    const type = 'poisoned';
    await writeHash(client, type);
    const options = {
      type,
      settings: { maxDeliveries: 2 },
      module: 'import { abort } from "node:process"; export default ({ data }) => data === "poison" ? abort() : data',
    };
    await client.xgroup('CREATE', requestStreamKey(type), 'worker', '0', 'MKSTREAM');
    await send(type, { data: '"poison"' }, 'poison');
    for (let delivery = 1; delivery <= 2; delivery++) expect(await (await run(t, options)).ended).toBe('SIGABRT');
    await run(t, options);
    const innocent = await send(type, { data: '"bread"' });
    expect((await replyTo(innocent)).data).toBe('bread');
    expect(await replyTo('poison')).toMatchObject({
      code: 500,
      err: { message: expect.stringContaining('delivered 2 times and never finished') },
    });
    expect(await client.xlen(deadLetterStreamKey(type))).toBe(1);
  });

  test('answers everybody else first, before it runs a request again that has ended processes', async (t) => {
    const { expect } = t;
    const type = 'suspected';
    await writeHash(client, type, { replyExpireSeconds: 60 });
    const options = {
      type,
      settings: { maxDeliveries: 3 },
      module: 'import { abort } from "node:process"; export default ({ data }) => data === "poison" ? abort() : data',
    };
    await client.xgroup('CREATE', requestStreamKey(type), 'worker', '0', 'MKSTREAM');
    await send(type, { data: '"poison"' }, 'suspect');
    for (let delivery = 1; delivery <= 2; delivery++) expect(await (await run(t, options)).ended).toBe('SIGABRT');
    const refs = await Promise.all(Array.from({ length: 40 }, () => send(type, { data: '"bread"' })));
    const worker = await run(t, options);
    expect(await worker.ended).toBe('SIGABRT');
    expect(await client.exists(...refs.map(replyListKey))).toBe(refs.length);
  });

  test('finishes what runs on SIGTERM and hands the rest to the next consumer', async (t) => {
    const { expect } = t;
    const type = 'draining';
    await writeHash(client, type);
    await writeHash(client, type, { consumerId: '2' });
    const settings = { concurrency: 2 };
    const module =
      `export default async (_r, { config, log }) => { log.info("started"); await fetch("data:,").then(() => new Promise((r) => setTimeout(r, 400))); return config.consumerId; }`;
    const first = await run(t, { type, module, settings });
    const refs = [];
    for (let at = 0; at < 6; at++) refs.push(await send(type, { data: '1' }));
    await eventually('two run', () => first.output().split('started').length > 2);
    first.child.kill('SIGTERM');
    expect(await first.ended).toBe(0);
    const done = await client.xlen(responseStreamKey(type));
    expect(done).toBeGreaterThanOrEqual(2);
    expect(done).toBeLessThan(6);
    await run(t, { type, module, settings, podUid: 'pod-2' }, '2');
    const consumers = (await Promise.all(refs.map((ref) => replyTo(ref)))).map(({ data }) => data);
    expect(consumers.filter((consumer) => consumer === '1')).toHaveLength(done);
    expect(await pendingCount(type)).toBe(0);
  });

  test('hands over what it has read ahead and not begun on SIGTERM as never delivered', async (t) => {
    const { expect } = t;
    const type = 'ahead';
    await writeHash(client, type);
    await sendMany(type, 20_000);
    const module =
      'export default ({ data }) => { for (const until = performance.now() + 0.2; performance.now() < until;); return data; }';
    const worker = await run(t, { type, module });
    await eventually('it is in the middle', async () => (await client.xlen(responseStreamKey(type))) > 2000);
    worker.child.kill('SIGTERM');
    expect(await worker.ended).toBe(0);
    const left = await client.xpending(requestStreamKey(type), 'worker', '-', '+', 2000) as [
      string,
      string,
      number,
      number,
    ][];
    expect(left).not.toEqual([]);
    expect(left.filter(([, , , deliveries]) => deliveries > 0)).toEqual([]);
  });

  test('gives up a handler that outlives the grace period, and leaves its request to the next process', async (t) => {
    const { expect } = t;
    const type = 'graceless';
    await writeHash(client, type);
    const worker = await run(t, {
      type,
      settings: { graceSeconds: 1 },
      module: 'export default (_r, { log }) => { log.info("started"); return new Promise(() => {}); }',
    });
    await send(type, { data: '1' }, 'graceless');
    await eventually('it runs', () => worker.output().includes('started'));
    worker.child.kill('SIGTERM');
    expect(await worker.ended).toBe(0);
    expect(await pendingCount(type)).toBe(1);
    await run(t, { type, module: echo });
    expect((await replyTo('graceless')).data).toBe(1);
  });

  test('ends with code 0 after its request limit, and answers no more than that', async (t) => {
    const { expect } = t;
    const type = 'limited';
    await writeHash(client, type, { requestLimit: 3 });
    for (let at = 0; at < 5; at++) await send(type, { data: String(at) }, `limited-${at}`);
    const options = { type, module: echo };
    expect(await (await run(t, options)).ended).toBe(0);
    expect(await client.xlen(responseStreamKey(type))).toBe(3);
    expect(await client.hexists('limited:1:h', 'pid')).toBe(0);
    await run(t, options);
    expect((await replyTo('limited-4')).data).toBe(4);
  });

  test('takes no more than its request limit of a stream that has many', async (t) => {
    const { expect } = t;
    const type = 'limited-ahead';
    await writeHash(client, type, { requestLimit: 700 });
    await sendMany(type, 2000);
    expect(await (await run(t, { type, module: echo })).ended).toBe(0);
    expect(await client.xlen(responseStreamKey(type))).toBe(700);
    const [, , , , , , , , , read] = ((await client.xinfo('GROUPS', requestStreamKey(type))) as unknown[][])[0] ?? [];
    expect([read, await pendingCount(type)]).toEqual([700, 0]);
  });

  test('trims what is acknowledged, and keeps it when told to or when another group reads along', async (t) => {
    const { expect } = t;
    const types = ['trimmed', 'kept', 'shared'];
    for (const type of types) {
      await writeHash(client, type);
      await run(t, { type, module: echo, settings: { retention: type === 'kept' ? 'Forever' : 'Acknowledged' } });
    }
    await client.xgroup('CREATE', requestStreamKey('shared'), 'others', '0', 'MKSTREAM');
    await Promise.all(types.map(async (type) => {
      for (let at = 0; at < 350; at++) await send(type, { data: '1' });
      await eventually('all are answered', async () => (await client.xlen(responseStreamKey(type))) === 350);
    }));
    await eventually('the stream is short', async () => (await client.xlen(requestStreamKey('trimmed'))) < 150);
    expect(await client.xlen(requestStreamKey('kept'))).toBe(350);
    expect(await client.xlen(requestStreamKey('shared'))).toBe(350);
  });
});

describe.concurrent('a Redis that goes away', () => {
  test('waits for one that is down at the start, logs the cause once, then works', async (t) => {
    const { expect } = t;
    const own = await startRedis();
    t.onTestFinished(() => own.stop());
    await own.crash();
    const worker = await run(t, { type: 'early', module: echo, on: own });
    await eventually('it says so', () => worker.output().includes('Redis cannot be used'));
    expect([await status(worker, '/healthz'), await status(worker, '/readyz')]).toEqual([200, 503]);
    await own.restart();
    await writeHash(own.client, 'early');
    await ready(worker);
    expect(worker.output().split('Redis cannot be used')).toHaveLength(2);
  });

  test('ends at once when told to while Redis is away and nothing is unfinished', async (t) => {
    const { expect } = t;
    const own = await startRedis();
    t.onTestFinished(() => own.stop());
    await writeHash(own.client, 'away');
    const worker = await run(t, { type: 'away', module: echo, on: own });
    await ready(worker);
    await own.crash();
    await eventually('it has noticed', () => worker.output().includes('Redis cannot be used'));
    worker.child.kill('SIGTERM');
    expect(await worker.ended).toBe(0);
  });

  test('logs in with a user that may do no more than the work, and waits for the right password without telling it', async (t) => {
    const { expect } = t;
    const own = await startRedis(['--requirepass', 'admin-pw'], { password: 'admin-pw' });
    t.onTestFinished(() => own.stop());
    const type = 'guarded';
    await writeHash(own.client, type);
    const commands = [
      'watch',
      'unwatch',
      'multi',
      'exec',
      'type',
      'hgetall',
      'hget',
      'hmget',
      'hset',
      'hdel',
      'hincrby',
      'xgroup',
      'xreadgroup',
      'xpending',
      'xack',
      'xclaim',
      'xautoclaim',
      'xadd',
      'xtrim',
      'xrange',
      'xrevrange',
      'xinfo',
      'lpush',
      'expire',
      'zadd',
      'zrem',
      'zrangebyscore',
      'exists',
      'type',
      'pttl',
      'eval',
    ];
    const allow = (password: string) =>
      own.client.call(
        'ACL',
        'SETUSER',
        'guest',
        'reset',
        'on',
        `>${password}`,
        '~guarded:*',
        '~res:*',
        '~req:*',
        ...commands.map((command) => `+${command}`),
      );
    await allow('old-pw');
    const worker = await run(t, {
      type,
      module: echo,
      on: own,
      secretFiles: { password: 'new-pw\n' },
      env: { REDIS_USERNAME: 'guest', REDIS_PASSWORD_FILE: '<secret>/password' },
    });
    await eventually('it says that it is not let in', () => worker.output().includes('WRONGPASS'));
    await allow('new-pw');
    await ready(worker);
    expect((await replyTo(await send(type, { data: '7' }, 'guarded', own.client), own.client)).data).toBe(7);
    worker.child.kill('SIGTERM');
    expect(await worker.ended).toBe(0);
    expect(worker.output().split('WRONGPASS')).toHaveLength(2);
    expect(worker.output()).not.toMatch(/new-pw|old-pw/);
  });

  test('keeps results while Redis is full, and commits them once it has room', async (t) => {
    const { expect } = t;
    const own = await startRedis();
    t.onTestFinished(() => own.stop());
    const type = 'full';
    await writeHash(own.client, type);
    const worker = await run(t, { type, on: own, module: 'let runs = 0; export default () => ++runs' });
    await ready(worker);
    const ref = await send(type, { data: '1' }, 'early', own.client);
    expect((await replyTo(ref, own.client)).data).toBe(1);
    await own.client.multi().xadd(requestStreamKey(type), '*', 'ref', 'oom', 'type', type, 'data', '1').config(
      'SET',
      'maxmemory',
      '1',
    ).exec();
    await eventually('it says that Redis is full', () => worker.output().includes('OOM command not allowed'));
    await own.client.config('SET', 'maxmemory', '0');
    expect((await replyTo('oom', own.client)).data).toBe(2);
    expect(await pendingCount(type, own.client)).toBe(0);
  });

  test('goes on after its connections were cut, and runs nothing twice that it has a result for', async (t) => {
    const { expect } = t;
    const own = await startRedis();
    t.onTestFinished(() => own.stop());
    const type = 'cut';
    await writeHash(own.client, type, { replyExpireSeconds: 60 }); // the first replies are still there once the last is
    const worker = await run(t, {
      type,
      on: own,
      module:
        'let runs = 0; export default async () => { await new Promise((r) => setTimeout(r, 20)); return ++runs; }',
    });
    await ready(worker);
    const total = 200;
    for (let at = 0; at < total; at++) await send(type, { data: '1' }, `cut-${at}`, own.client);
    for (const goal of [10, 80, 150]) {
      await eventually('some are answered', async () => (await own.client.xlen(responseStreamKey(type))) >= goal);
      await own.client.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    }
    await eventually('all are answered', async () => (await own.client.xlen(responseStreamKey(type))) >= total);
    const answers = await Promise.all(Array.from({ length: total }, (_, at) => replyTo(`cut-${at}`, own.client)));
    expect(new Set(answers.map(({ data }) => data))).toEqual(new Set(Array.from({ length: total }, (_, at) => at + 1)));
    expect(await pendingCount(type, own.client)).toBe(0);
    await eventually('it is back', () => worker.output().includes('Redis can be used again')); // a cut may come after the last answer
  });

  test('ends with code 3 after Redis lost everything, so that a new process starts from the new hash', async (t) => {
    const { expect } = t;
    const own = await startRedis();
    t.onTestFinished(() => own.stop());
    const type = 'flushed';
    await writeHash(own.client, type);
    const options = { type, on: own, module: echo };
    const worker = await run(t, options);
    await ready(worker);
    await own.crash();
    await own.restart();
    await writeHash(own.client, type);
    expect(await worker.ended).toBe(3);
    const successor = await run(t, options);
    await send(type, { data: '1' }, 'again', own.client);
    expect((await replyTo('again', own.client)).data).toBe(1);
    await own.client.flushall();
    expect(await successor.ended).toBe(3);
  });
});

test('a handler reaches nothing through a proxy once the pod empties what its image names, and all through it before', async (t) => {
  const proxy = await startForwardProxy();
  t.onTestFinished(() => proxy.stop());
  const module = `export default async () => (await fetch('http://${proxy.target}/')).text();`;
  const image = { HTTP_PROXY: proxy.proxyUrl, http_proxy: proxy.proxyUrl, ALL_PROXY: proxy.proxyUrl };
  const pod = Object.fromEntries(proxyVariables.map((name) => [name, '']));
  for (const [type, variables] of [['through-proxy', image], ['past-proxy', { ...image, ...pod }]] as const) {
    await writeHash(client, type);
    await run(t, { type, module, net: [proxy.target], env: variables });
  }
  expect((await ask('through-proxy', {})).data).toBe('proxied');
  expect((await ask('past-proxy', {})).data).toBe('direct');
  expect(proxy.proxied).toEqual([`http://${proxy.target}/`]);
});
