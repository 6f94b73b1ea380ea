import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { env } from 'node:process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { main } from '../../cli/main.ts';
import { testIo } from '../support/io.ts';
import { start, type TestProcess } from '../support/processes.ts';
import { eventually } from '../support/wait.ts';

const name = `file-${process.pid}`;
let folder: string;
let up: TestProcess;

const manifest = (file: string) =>
  `apiVersion: redisworker.dev/v1alpha1
kind: RedisWorker
metadata:
  name: greet
spec:
  source:
    file: ${file}
  consumers:
    count: 2
`;
const greet = `import { type Handler } from 'redisworker';
import { hello } from './lib/hello.ts';

const greet: Handler<{ name: string }> = ({ data }) => {
  if (data === undefined) throw new Error('nobody');
  return hello(data.name);
};
export default greet;
`;
const reach = `import type { Handler } from 'redisworker';

const reach: Handler<string> = async ({ data }, { secrets }) => {
  if (data === 'out') await fetch('http://127.0.0.1:8099/');
  return String(secrets['token']).length;
};
export default reach;
`;
const hello = (word: string) => `export const hello = (name: string): string => \`${word}, \${name}!\`;\n`;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'redisworker-test-'));
  await mkdir(join(folder, 'code/lib'), { recursive: true });
  await writeFile(join(folder, 'greet.yaml'), manifest('code/greet.ts'));
  await writeFile(join(folder, 'code/greet.ts'), greet);
  await writeFile(join(folder, 'code/lib/hello.ts'), hello('Hello'));
  await writeFile(join(folder, 'code/reach.ts'), reach);
  await writeFile(join(folder, 'secrets.env'), 'token=s3cret\n');
  const args = [
    join(import.meta.dirname, '../../cli/redisworker.js'),
    'up',
    'greet.yaml',
    'code/reach.ts',
    '--secrets',
    'secrets.env',
    '--name',
    name,
    '--no-page',
  ];
  up = start(process.execPath, args, { cwd: folder, env: { ...env, XDG_RUNTIME_DIR: folder } });
  await told('greet is ready: all 2 consumers are ready');
}, 180_000);
afterAll(async () => {
  await up.stop(20_000);
  await rm(folder, { recursive: true });
});

/** Waits until `up` has printed a text; a process that ended will not print it any more. */
function told(text: string): Promise<true> {
  return eventually(`up tells "${text}"`, () => {
    if (up.child.exitCode !== null && !up.output().includes(text)) throw new Error(`up ended: ${up.output()}`);
    return up.output().includes(text) ? true : undefined;
  }, 150_000);
}

async function run(...argv: string[]): Promise<string> {
  const io = testIo({ environment: { runtimeFolder: folder } });
  await main([...argv, '--name', name], io);
  if (io.printed.length === 0) throw new Error(io.failures.join('\n'));
  return io.printed.join('\n');
}

async function reply(): Promise<unknown> {
  const { code, data, err } = JSON.parse(await run('send', 'greet', '{"name":"Ada"}')) as Record<
    string,
    unknown
  >;
  return code === 200 ? data : err;
}

interface Told {
  conditions: { type: string; status: string; reason: string; message: string }[];
}

async function resolved(): Promise<Told['conditions'][number] | undefined> {
  const { status } = JSON.parse(await run('status', 'greet', '-o', 'json')) as { status: Told };
  return status.conditions.find(({ type }) => type === 'SourceResolved');
}

describe('a worker whose module is a file beside its manifest', () => {
  test('runs it with all it imports', async () => {
    expect(await reply()).toBe('Hello, Ada!');
  });

  test('runs it anew when any module of it is saved, and answers every request meanwhile', async () => {
    const replies: unknown[] = [];
    await writeFile(join(folder, 'code/lib/hello.ts'), hello('Bonjour'));
    await eventually('the new code answers', async () => {
      replies.push(await reply());
      return replies.at(-1) === 'Bonjour, Ada!' ? true : undefined;
    }, 120_000);
    expect(replies.filter((one) => one !== 'Hello, Ada!' && one !== 'Bonjour, Ada!')).toEqual([]);
  });

  test.each([
    ['a type', 'export const hello = (name: string): number => name;\n', 'code/lib/hello.ts:1:'],
    ['syntax', 'export const hello = (name) =>;\n', 'code/lib/hello.ts:1:31: Expression expected'],
  ])(
    'goes on with its last good code while %s is wrong, and tells the line',
    { timeout: 180_000 },
    async (_what, text, place) => {
      await writeFile(join(folder, 'code/lib/hello.ts'), text);
      await told(`greet.yaml:1: RedisWorker default/greet: ${place}`);
      const condition = await eventually('the condition tells it', async () => {
        const found = await resolved();
        return found?.reason === 'SourceNotBuilt' && found.message.startsWith(place) ? found : undefined;
      }, 60_000);
      expect(condition.status).toBe('False');
      await eventually(
        'the last good code answers',
        async () => (/^(Hello|Bonjour), Ada!$/.test(String(await reply())) ? true : undefined), // the last that was checked
        120_000,
      );
    },
  );

  test("shows the author's file and line when it throws", async () => {
    await writeFile(
      join(folder, 'code/lib/hello.ts'),
      `\n\n${hello('Hola').replace('=> `', "=> { throw new Error('tired'); return `").replace('`;', '`; };')}`,
    );
    await eventually(
      'the new code answers',
      async () => ((await reply() as { message?: string }).message === 'tired' ? true : undefined),
      120_000,
    );
    await told('lib/hello.ts:3:');
    expect((await resolved())?.status).toBe('True');
  });
});

describe('a module without a manifest', () => {
  const ask = async (data: string) => JSON.parse(await run('send', 'reach', JSON.stringify(data))) as { data: unknown };

  test('runs under the name of its file, with what the flags give it', async () => {
    expect(await ask('here')).toMatchObject({ code: 200, data: 6 });
  });

  test('is told once which flag allows what Deno refused it', async () => {
    for (const data of ['out', 'out']) expect(await ask(data)).toMatchObject({ code: 500 });
    const hint = '! reach may not reach 127.0.0.1:8099: to allow it, run this again with --allow-net=127.0.0.1:8099';
    await told(hint);
    expect(up.output().split(hint)).toHaveLength(2);
  });
});
