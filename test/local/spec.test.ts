/** `redisworker test` against workers it starts, and against those that run. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { main } from '../../cli/main.ts';
import { type TestIo, testIo } from '../support/io.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { eventually } from '../support/wait.ts';

const manifest = (word: string): string => `
apiVersion: redisworker.dev/v1alpha1
kind: RedisWorker
metadata: { name: greeter }
spec:
  handler: { maxAttempts: 2, backoff: { initialMs: 1, maxMs: 1 } }
  source:
    inline: |
      import { type Handler, Reply } from 'redisworker';
      const greet: Handler<{ name?: string; boom?: boolean }> = ({ data, fields }) => {
        if (data?.boom) throw new Error('it broke');
        if (!data?.name) throw new Reply(400, 'who?');
        return { greeting: \`${word}, \${data.name}!\`, id: crypto.randomUUID(), at: new Date(), width: fields.width };
      };
      export default greet;
`;

const spec = (worker: string): string =>
  `${worker}
type: greeter
timeoutSeconds: 20
cases:
  - name: greets by name
    data: { name: Ada }
    fields: { width: '80' }
    expect:
      code: 200
      data: { greeting: 'Hello, Ada!', id: { $any: uuid }, at: { $any: time }, width: '80' }
      trace: { greeter: { res: { code: 200 }, received: { $any: time } } }
      deadLetter: false
      withinMs: 15000
  - name: refuses nobody
    data: {}
    expect: { code: 400, err: who? }
  - name: gives up in the end
    data: { boom: true }
    expect:
      err: { message: { $matches: broke } }
      deadLetter: { attempts: 2, reason: { $matches: broke }, data: { boom: true } }
`;

let folder: string;
let redis: TestRedis;
beforeAll(async () => {
  [folder, redis] = await Promise.all([mkdtemp(join(tmpdir(), 'rw-spec-')), startRedis()]);
  await writeFile(join(folder, 'greeter.yaml'), manifest('Hello'));
  await writeFile(join(folder, 'greeter.test.yaml'), spec('worker: greeter.yaml'));
});
afterAll(() => Promise.all([redis.stop(), rm(folder, { recursive: true })]));

const file = (name: string): string => join(folder, name);

function io(overrides: Parameters<typeof testIo>[0] = {}): TestIo {
  return testIo({ environment: { runtimeFolder: folder }, ...overrides });
}

async function run(...words: string[]): Promise<{ code: number; out: string; err: string }> {
  const terminal = io();
  const code = await main(['test', ...words], terminal);
  return { code, out: terminal.printed.join('\n'), err: terminal.failures.join('\n') };
}

test('starts the workers a spec names, asks them, and ends them', async () => {
  const { code, out, err } = await run(folder, '--junit', file('report.xml'));
  expect(err).toBe('');
  expect(out).toContain('3 of 3 cases passed');
  expect(code).toBe(0);
  expect(await readFile(file('report.xml'), 'utf8')).toContain('tests="3" failures="0" errors="0"');
  const status = io();
  expect(await main(['status'], status)).toBe(1);
  expect(status.failures.join()).not.toContain('other sessions');
});

test('a spec sends tasks too, to a worker whose prelude is a file', async () => {
  const tasks = 'kind: RedisWorker\nmetadata: { name: sums }\nspec: { runtime: Rhai, source: { file: sums.rhai }, ';
  await writeFile(
    file('sums.yaml'),
    `apiVersion: redisworker.dev/v1alpha1\n${tasks} tasks: { circlePublicKey: 02ab } }\n`,
  );
  await writeFile(file('sums.rhai'), 'fn twice(n) { n * 2 }\n');
  const cases = `cases:
  - name: is given its prelude
    script: 'CALLER_ID + twice(21)'
    caller: ann
    expect: { output: ann42, deadLetter: false, withinMs: 15000 }
  - name: tells the error
    script: 'throw "boom"'
    expect: { error: { $matches: '^Runtime error: boom' } }
  - name: is not what it comes to
    script: '40'
    expect: { error: x }
`;
  await writeFile(file('sums.test.yaml'), `worker: sums.yaml\ntype: sums\ntimeoutSeconds: 20\n${cases}`);
  const { code, out, err } = await run(file('sums.test.yaml'));
  expect(err).toBe('');
  expect(out).toContain('status\n        - error\n        + completed (40)');
  expect(out).toContain('2 of 3 cases passed');
  expect(code).toBe(1);
});

test('follows a spec and the manifest, and shows what differs', async () => {
  const end = Promise.withResolvers<undefined>();
  const terminal = io({ interrupted: () => end.promise });
  const watching = main(['test', file('greeter.test.yaml'), '--watch'], terminal);
  const printed = (): string => terminal.printed.join('\n');
  await eventually('it has run', () => printed().includes('3 of 3 cases passed'), 60_000);
  await writeFile(file('greeter.yaml'), manifest('Good morning'));
  await eventually('it has run again', () => printed().includes('2 of 3 cases passed'), 60_000);
  expect(printed()).toContain('data.greeting\n        - "Hello, Ada!"\n        + "Good morning, Ada!"');
  await writeFile(file('greeter.test.yaml'), spec('worker: greeter.yaml').replace('Hello', 'Good morning'));
  await eventually('it is well again', () => printed().split('3 of 3 cases passed').length === 3, 60_000);
  end.resolve(undefined);
  expect(await watching).toBe(0);
});

test('asks workers that run, in the Redis that is named', async () => {
  await writeFile(file('greeter.yaml'), manifest('Hello'));
  const end = Promise.withResolvers<undefined>();
  const up = io({ interrupted: () => end.promise });
  const running = main(['up', file('greeter.yaml'), '--redis', redis.url, '--no-page', '--name', 'spec'], up);
  const waiting = io();
  expect(await main(['wait', '--name', 'spec'], waiting), up.printed.concat(waiting.failures).join('\n')).toBe(0);
  await writeFile(file('running.yaml'), spec(''));
  expect(await run(file('running.yaml'), '--redis', redis.url)).toMatchObject({ code: 0, err: '' });
  const { out } = await run(file('running.yaml'), '--name', 'spec', '-o', 'json');
  expect(JSON.parse(out)).toMatchObject([{ cases: [{ differences: [] }, { differences: [] }, { differences: [] }] }]);
  end.resolve(undefined);
  expect(await running).toBe(0);
});

test('a worker that cannot run, and one that is not there, are told', async () => {
  await writeFile(file('bad.yaml'), manifest('Hello').replace('maxAttempts: 2', 'maxAttempts: none'));
  await writeFile(file('bad.test.yaml'), spec('worker: bad.yaml'));
  const bad = await run(file('bad.test.yaml'), '--junit', file('bad.xml'));
  expect(bad.out.split('spec.handler.maxAttempts')).toHaveLength(2); // told once
  expect(bad.out).toContain('1 spec not run');
  expect(bad.code).toBe(1);
  expect(await readFile(file('bad.xml'), 'utf8')).toContain('<error message=');
  await writeFile(file('running.yaml'), spec('').replace('timeoutSeconds: 20', 'timeoutSeconds: 1'));
  await redis.client.flushall();
  const silent = await run(file('running.yaml'), '--redis', redis.url);
  expect(silent.out).toContain('no reply from "greeter" within 1 s: ');
  expect(silent.code).toBe(1);
});

test('a worker whose code ends again and again is not waited for', async () => {
  const script =
    'kind: RedisWorker\nmetadata: { name: crash }\nspec: { runtime: Script, source: { file: crash.ts } }\n';
  await writeFile(file('crash.yaml'), `apiVersion: redisworker.dev/v1alpha1\n${script}`);
  await writeFile(file('crash.ts'), "throw new Error('out of luck');\n");
  await writeFile(file('crash.test.yaml'), spec('worker: crash.yaml'));
  const crashed = await run(file('crash.test.yaml'), '--ready-timeout', '3600');
  expect(crashed.out).toContain('Error: out of luck (crash.ts:1:7)');
  expect(crashed.code).toBe(1);
});

test.each([
  [['nowhere.yaml'], 'the spec nowhere.yaml is not there: check the path'],
  [['-', '--watch'], '--watch follows files'],
  [['-'], '-:1: cases: must be given'],
  [['docs'], 'there is no spec in docs'],
])('%j: %s', async (words, sentence) => {
  const terminal = io({ input: () => Promise.resolve('type: w') });
  expect(await main(['test', ...words], terminal)).toBe(2);
  expect(terminal.failures.join()).toContain(sentence);
});
