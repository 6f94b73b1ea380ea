import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join, relative } from 'node:path';
import { env } from 'node:process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CommandResult, tryRun } from '../support/command.ts';
import { codeCache } from '../support/code-cache.ts';
import { startCodeServer } from '../support/code-server.ts';
import { answerList, answerStatus, startFaultApiServer } from '../support/fault-api-server.ts';
import { nodesOfThisMachine } from '../support/nodes.ts';
import { start } from '../support/processes.ts';

const root = join(import.meta.dirname, '../..');
const nodes = nodesOfThisMachine();
if (!nodes.some(({ major }) => major === 20)) {
  process.stderr.write(
    `no Node 20 on this machine: the package is tried on ${nodes.map(({ major }) => major).join(', ')}\n`,
  );
}

const manifest = `
apiVersion: redisworker.dev/v1alpha1
kind: RedisWorker
metadata: { name: hello }
spec:
  source:
    inline: |
      import { type Handler, Reply } from 'redisworker';
      const greet: Handler<{ name?: string }> = ({ data }) => {
        if (!data?.name) throw new Reply(400, 'who?');
        return { greeting: \`Hello \${data.name}\` };
      };
      export default greet;
---
apiVersion: redisworker.dev/v1alpha1
kind: RedisWorker
metadata: { name: program }
spec:
  runtime: Script
  source:
    inline: |
      const redis = await Deno.connect({ hostname: '127.0.0.1', port: 6379 });
      await redis.write(new TextEncoder().encode(\`HSET \${Deno.args[0]} pid \${Deno.pid}\\r\\n\`));
      console.log('the program runs');
      await new Promise(() => setInterval(() => {}, 1000));
`;

/** A folder of a user who has installed the package, and nothing else. */
let home: string;
let tarball: string;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'redisworker-package-'));
  const packed = await npm(root, 'pack', '--json', '--silent', '--pack-destination', home);
  const [{ filename }] = JSON.parse(packed.stdout) as [{ readonly filename: string }];
  tarball = join(home, filename);
  await writeFile(join(home, 'package.json'), '{"private":true,"type":"module"}');
  await writeFile(join(home, 'worker.yaml'), manifest);
  // Deno comes from this checkout: nothing is asked of a registry.
  const deno = join(await realpath(join(root, 'node_modules')), 'deno');
  await npm(home, 'install', '--offline', '--omit=optional', '--ignore-scripts', tarball, `deno@file:${deno}`);
});
afterAll(() => rm(home, { recursive: true, force: true }));

async function npm(cwd: string, ...args: string[]): Promise<CommandResult> {
  const result = await tryRun('npm', ['--prefix', cwd, ...args], { cwd });
  if (result.code !== 0) throw new Error(`npm ${args.join(' ')}: ${result.stdout}${result.stderr}`);
  return result;
}

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort();
}

describe('the package', () => {
  const installed = (): string => join(home, 'node_modules/redisworker');

  test('has what it needs, no tests, no sources and nothing twice', async () => {
    const files = await filesBelow(installed());
    expect(files.filter((file) => !file.startsWith('lib/cli/'))).toEqual([
      'CHANGELOG.md',
      'LICENSE',
      'README.md',
      'cli/redisworker.js',
      ...[
        'broker-error.d.ts',
        'broker.d.ts',
        'cleaner.d.ts',
        'cleaner.js',
        'debug.d.ts',
        'debug.js',
        'mod.d.ts',
        'mod.js',
        'onmessage.d.ts',
        'onmessage.js',
        'open-telemetry.d.ts',
        'part-broker-error.js',
        'part-debug.js',
        'part-frames.js',
        'part-onmessage.js',
        'part-proxy.js',
        'part-shared-side.js',
        'part-specifier.js',
        'part-telemetry.js',
        'process-entry.js',
        'telemetry-entry.js',
        'telemetry.d.ts',
        'telemetry.js',
        'types.d.ts',
        'worker-entry.js',
        'worker.d.ts',
        'worker.js',
      ].map((name) => `lib/broker/${name}`),
      'lib/cli.js',
      'lib/client.d.ts',
      'lib/client.js',
      'lib/node20.js',
      'lib/resolve.js',
      'lib/schema.json',
      'lib/spec.schema.json',
      'lib/third-party.txt',
      'lib/worker/hats-outside.js',
      'lib/worker/hats-sql.js',
      'lib/worker/hats-vm.js',
      'lib/worker/hats.js',
      'lib/worker/import_map.json',
      'lib/worker/main.js',
      'lib/worker/mod.d.ts',
      'lib/worker/mod.js',
      'lib/worker/modules-import-map.json',
      'lib/worker/modules.js',
      'lib/worker/rhai-run.js',
      'lib/worker/rhai.js',
      'lib/worker/rhai/engine.wasm',
      'lib/worker/runner.js',
      'lib/worker/script/redirect.ts',
      'package.json',
    ]);
    expect(files.filter((file) => !/^lib\/cli\/[\w-]+\.js$/.test(file) && file.startsWith('lib/cli/'))).toEqual([]);
    const texts = await Promise.all(files.map((file) => readFile(join(installed(), file))));
    const digests = texts.map((text) => createHash('sha256').update(text).digest('hex'));
    expect(new Set(digests).size).toBe(files.length);
    const bytes = texts.reduce((sum, text) => sum + text.length, 0);
    const packed = (await readFile(tarball)).length;
    process.stdout.write(
      `the package has ${files.length} files, ${megabytes(packed)} MB packed, ${megabytes(bytes)} MB unpacked\n`,
    );
  });

  test('depends on Deno alone, and tells the licences of what it carries', async () => {
    const about = JSON.parse(await readFile(join(installed(), 'package.json'), 'utf8')) as Record<string, object>;
    expect(Object.keys(about['dependencies']!)).toEqual(['deno']);
    expect(await readdir(join(home, 'node_modules')).then((names) => names.filter((name) => !name.startsWith('.'))))
      .toEqual([
        'deno',
        'redisworker',
      ]);
    const notices = await readFile(join(installed(), 'lib/third-party.txt'), 'utf8');
    for (const name of ['commander', 'ioredis', 'pino', 'yaml', 'zod']) {
      expect(notices).toMatch(new RegExp(`^${name} \\d`, 'm'));
    }
  });

  test('starts with the words of its commands alone: what they do is loaded when it is asked for', async () => {
    const start = join(installed(), 'lib/cli.js');
    const loaded = new Map<string, string>();
    for (const waiting = [start]; waiting.length > 0;) {
      const file = waiting.pop()!;
      if (loaded.has(file)) continue;
      const text = await readFile(file, 'utf8');
      loaded.set(file, text);
      const imported = [...text.matchAll(/^import [^;]*?"(\.[^"]+)"/gm)].map(([, name]) => join(file, '..', name!));
      waiting.push(...imported);
    }
    expect(loaded.size).toBeGreaterThan(5);
    expect([...loaded].filter(([, text]) => /^import .*"(zod|ioredis)"|_zod\b/m.test(text)).map(([file]) => file))
      .toEqual([]);
  });

  test('gives editors the schema of a manifest', async () => {
    const { code, stdout } = await tryRun(process.execPath, [
      '-p',
      "JSON.stringify(require('redisworker/schema.json'))",
    ], { cwd: home });
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      title: 'RedisWorker',
      properties: { spec: { additionalProperties: false } },
    });
  });

  test('gives handlers and callers their types, the same ones the sources have', async () => {
    await writeFile(
      join(home, 'handler.ts'),
      `import { DoNotRetry, type Handler, type HandlerContext, type HandlerRequest, Reply } from 'redisworker';
const greet: Handler<{ name?: string }, { key: string }> = ({ data, ref }, { secrets, signal, attempt }) => {
  if (signal.aborted || attempt > 3) throw new DoNotRetry('enough');
  if (!data?.name) throw new Reply(400, { ref });
  // @ts-expect-error there is no such field
  void secrets.other;
  return { greeting: \`Hello \${data.name}\`, key: secrets.key };
};
export const other = (request: HandlerRequest, { log }: HandlerContext): void => log.info('seen', { ref: request.ref });
export const isReply: boolean = Reply.is(new Reply(200));
export default greet;
`,
    );
    await writeFile(
      join(home, 'caller.ts'),
      `import { type Client, connect, ReplyError } from 'redisworker/client';
const client: Client = await connect({ url: 'redis://127.0.0.1', connections: 2 });
const { greeting } = await client.ask<{ greeting: string }, { name: string }>('greeter', { name: 'Ada' }, { timeout: 5 });
// @ts-expect-error it is text
export const wrong: number = greeting;
export const ref: string = await client.send('greeter', { name: 'Ada' });
export const codeOf = (error: unknown): number => (error instanceof ReplyError ? error.code : 0);
`,
    );
    const compilerOptions = {
      strict: true,
      exactOptionalPropertyTypes: true,
      module: 'nodenext',
      lib: ['es2022', 'dom'],
      noEmit: true,
      types: [],
    };
    await writeFile(
      join(home, 'tsconfig.json'),
      JSON.stringify({ compilerOptions, files: ['handler.ts', 'caller.ts'] }),
    );
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    const { code, stdout } = await tryRun(process.execPath, [tsc, '-p', home]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
  });
});

describe('the broker of the package', () => {
  test('runs modules in workers and in processes, which find the others by its name', async () => {
    await writeFile(
      join(home, 'greeter.ts'),
      `import { BrokerError, brokerProxy } from 'redisworker/broker/worker';
const names = brokerProxy().workerProxy<typeof import('./names.ts')>('./names.ts');
export const greet = async (of: string): Promise<string> => \`Hello \${await names.name(of)}\`;
export const wrong = (): Promise<boolean> => names.none().then(() => false, (error) => error instanceof BrokerError);
`,
    );
    await writeFile(
      join(home, 'names.ts'),
      `export const name = (of: string): string => of.toUpperCase();
export declare const none: () => void;
`,
    );
    await writeFile(
      join(home, 'broker.ts'),
      `import { WorkerBroker } from 'redisworker/broker';
import { cleaner } from 'redisworker/broker/cleaner';
import type * as Greeter from './greeter.ts';
for (const isolation of ['Worker', 'Process'] as const) {
  using broker = new WorkerBroker({ isolation, mayCall: () => true, workerCleaner: cleaner({ workerCount: 5 }) });
  const greeter = broker.workerProxy<typeof Greeter>(new URL('./greeter.ts', import.meta.url));
  console.log(isolation, await greeter.greet('Ada'), await greeter.wrong());
}
`,
    );
    const deno = join(home, 'node_modules/deno/bin.cjs');
    const ran = await tryRun(process.execPath, [deno, 'run', '--check', '-A', '--no-lock', 'broker.ts'], { cwd: home });
    expect(ran).toMatchObject({ code: 0, stdout: 'Worker Hello ADA true\nProcess Hello ADA true\n' });
  });

  test('is known to modules that are files when their types are checked', async () => {
    const modules = [{ name: 'greeter', source: { file: 'greeter.ts' } }];
    const metadata = { name: 'm' };
    const kind = { apiVersion: 'redisworker.dev/v1alpha1', kind: 'RedisWorker' };
    await writeFile(join(home, 'm.json'), JSON.stringify({ ...kind, metadata, spec: { runtime: 'Modules', modules } }));
    const build = () => tryRun('npx', ['--no-install', 'redisworker', 'build', 'm.json'], { cwd: home });
    const proxied = (returned: string) =>
      `import { brokerProxy } from 'redisworker/broker/worker';
const names = brokerProxy().workerProxy<{ name(of: string): string }>('./names.ts');
export const greet = async (of: string): Promise<${returned}> => await names.name(of);
`;
    await writeFile(join(home, 'greeter.ts'), proxied('string'));
    expect(await build()).toMatchObject({ code: 0, stderr: '' });
    await writeFile(join(home, 'greeter.ts'), proxied('number'));
    expect((await build()).stderr).toContain("greeter.ts:3:61: Type 'string' is not assignable to type 'number'");
  });
});

describe.each(nodes)('on Node $major', ({ path, major }) => {
  let folder: string;
  let surroundings: NodeJS.ProcessEnv;
  const redisworker = (...args: string[]): Promise<CommandResult> =>
    tryRun('npx', ['--no-install', 'redisworker', ...args], { cwd: home, env: surroundings });

  beforeAll(async () => {
    folder = join(home, `node${major}`);
    await mkdir(join(folder, 'bin'), { recursive: true });
    await symlink(path, join(folder, 'bin/node'));
    surroundings = {
      ...env,
      KUBERNETES_SERVICE_HOST: '', // in a pod of CI too, the session is meant
      PATH: [join(folder, 'bin'), ...(env['PATH'] ?? '').split(delimiter)].join(delimiter),
      XDG_RUNTIME_DIR: folder,
      npm_config_offline: 'true',
      npm_config_update_notifier: 'false',
    };
  });

  /** The Redis of the session, with its password. */
  const redisOf = async (runtimeFolder: string): Promise<string> => {
    const [state] = (await filesBelow(runtimeFolder)).filter((file) => file.endsWith('.json'));
    const { redisUrl, ownRedisPassword } = JSON.parse(await readFile(join(runtimeFolder, state!), 'utf8')) as Record<
      string,
      string
    >;
    return redisUrl!.replace('://', `://:${ownRedisPassword!}@`);
  };

  /** What callers import, on this Node and on Deno. */
  const askFromModules = async (url: string): Promise<void> => {
    await writeFile(
      join(home, 'ask.mjs'),
      `import { connect, ReplyError } from 'redisworker/client';
const client = await connect(process.env.REDIS);
console.log(JSON.stringify(await client.ask('hello', { name: 'Ada' })));
console.log(await client.ask('hello', {}).catch((error) => error instanceof ReplyError && error.code));
await client.close();
`,
    );
    const asking = { cwd: home, env: { ...surroundings, REDIS: url, NO_COLOR: '1' } };
    const deno = join(home, 'node_modules/deno/deno');
    const rights = ['--allow-net', '--allow-env', '--allow-read', '--allow-sys'];
    for (const [program, ...args] of [[path], [deno, 'run', '--no-lock', '--node-modules-dir=manual', ...rights]]) {
      const { code, stdout, stderr } = await tryRun(program!, [...args, 'ask.mjs'], asking);
      expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: '{"greeting":"Hello Ada"}\n400\n', stderr: '' });
    }
  };

  test('npx redisworker --help says what there is', async () => {
    const { code, stdout, stderr } = await redisworker('--help');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^Usage: npx redisworker /);
    expect((await tryRun(path, ['--version'])).stdout).toMatch(new RegExp(`^v${major}\\.`));
  });

  test('rhai run runs a script, and validate reads a prelude', async () => {
    const prelude = join(folder, 'prelude.rhai');
    const script = join(folder, 'script.rhai');
    await writeFile(prelude, 'fn twice(n) { n * 2 }');
    await writeFile(script, 'twice(21)');
    expect(await redisworker('rhai', 'run', script, '--prelude', prelude)).toMatchObject({ code: 0, stdout: '42\n' });
    const source = { file: 'prelude.rhai' };
    const spec = { runtime: 'Rhai', source, tasks: { circlePublicKey: '02ab' } };
    const worker = { apiVersion: 'redisworker.dev/v1alpha1', kind: 'RedisWorker', metadata: { name: 'sums' }, spec };
    await writeFile(join(folder, 'sums.yaml'), JSON.stringify(worker));
    expect(await redisworker('validate', join(folder, 'sums.yaml'))).toMatchObject({ code: 0 });
    await writeFile(prelude, 'fn twice(');
    expect((await redisworker('validate', join(folder, 'sums.yaml'))).stderr).toContain('prelude.rhai:1: Syntax error');
  });

  test('crd prints what the checkout has', async () => {
    expect((await redisworker('crd')).stdout).toBe(
      await readFile(join(root, 'crds/redisworkers.redisworker.dev.yaml'), 'utf8'),
    );
  });

  test('asks a cluster, by a kubeconfig whose login is a plugin', async () => {
    const server = await startFaultApiServer();
    try {
      const worker = {
        apiVersion: 'redisworker.dev/v1alpha1',
        kind: 'RedisWorker',
        metadata: { name: 'w', namespace: 'shop' },
      };
      server.behave((request, response) =>
        request.headers.authorization === 'Bearer of-the-plugin'
          ? answerList(response, '1', [worker])
          : answerStatus(response, 401, 'Unauthorized', 'who?')
      );
      const credential = JSON.stringify({ status: { token: 'of-the-plugin' } });
      await writeFile(join(folder, 'plugin'), `#!/bin/sh\necho '${credential}'`, { mode: 0o755 });
      const given = JSON.parse(await readFile(server.kubeconfigPath, 'utf8')) as { users: object[] };
      given.users = [{ name: 'test', user: { exec: { command: './plugin' } } }];
      await writeFile(join(folder, 'kubeconfig'), JSON.stringify(given));
      const { code, stdout, stderr } = await redisworker(
        'status',
        '-n',
        'shop',
        '--kubeconfig',
        join(folder, 'kubeconfig'),
      );
      expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringMatching(/^NAME .*\nw\n$/) as string });
      expect(stderr).toBe('… w is new\n');
    } finally {
      await server.stop();
    }
  });

  test('resolves code from elsewhere', async () => {
    const server = await startCodeServer({ '/one.ts': 'export default (): number => 1;\n' });
    try {
      const request = { entry: { kind: 'url', url: `${server.url}/one.ts` }, registries: {} };
      const { code, stdout, stderr } = await tryRun(path, [join(home, 'node_modules/redisworker/lib/resolve.js')], {
        env: { PATH: env['PATH'], CODE_DENO: join(home, 'node_modules/deno/deno'), CODE_SEED: codeCache() },
        stdin: JSON.stringify({ request }),
      });
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(JSON.parse(stdout)).toMatchObject({ kind: 'resolved', modules: 1, entry: `${server.url}/one.ts` });
    } finally {
      await server.close();
    }
  });

  test('runs the workers of a manifest, and answers requests', async () => {
    const up = start(path, ['node_modules/.bin/redisworker', 'up', 'worker.yaml'], { cwd: home, env: surroundings });
    try {
      const ready = await redisworker('wait', '--timeout', '120');
      expect({ code: ready.code, told: ready.code === 0 ? '' : ready.stderr + up.output() }).toEqual({
        code: 0,
        told: '',
      });
      const { code, stdout } = await redisworker('send', 'hello', '{"name":"Ada"}');
      expect(JSON.parse(stdout)).toMatchObject({ code: 200, data: { greeting: 'Hello Ada' } });
      expect(code).toBe(0);
      expect((await redisworker('send', 'hello', '{}')).stdout).toContain('"code":400');
      await askFromModules(await redisOf(folder));
      const rows = (await redisworker('status')).stdout.split('\n').map((row) => row.split(/ {2,}/).slice(0, 3));
      expect(rows).toContainEqual(['hello', 'True', '1/1']);
      expect(rows).toContainEqual(['program', 'True', '1/1']);
      expect(up.output()).toContain('the program runs');
    } finally {
      await up.stop(30_000);
    }
    expect(await up.ended).toBe(0);
  });
});

describe('what is started wrongly says so in one sentence', () => {
  const launcher = (): string => join(home, 'node_modules/redisworker/cli/redisworker.js');

  test('by an old Node', async () => {
    const old = join(home, 'old.cjs');
    await writeFile(
      old,
      "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '18.20.4' } });\nObject.defineProperty(process, 'version', { value: 'v18.20.4' });",
    );
    const { code, stdout, stderr } = await tryRun(process.execPath, ['--require', old, launcher(), 'status']);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toBe(
      'redisworker needs Node 20 or newer, this is v18.20.4: upgrade Node, or put a newer one first on PATH\n',
    );
  });

  test('out of a package that was made without its build', async () => {
    const unbuilt = join(home, 'unbuilt');
    await mkdir(join(unbuilt, 'cli'), { recursive: true });
    await writeFile(join(unbuilt, 'package.json'), '{"type":"module"}');
    await writeFile(join(unbuilt, 'cli/redisworker.js'), await readFile(launcher()));
    const { code, stderr } = await tryRun(process.execPath, [join(unbuilt, 'cli/redisworker.js'), '--help']);
    expect(code).toBe(1);
    expect(stderr).toBe(
      'redisworker was packed without its build: make the package with "npm pack" in a checkout, and install that\n',
    );
  });
});

function megabytes(bytes: number): string {
  return (bytes / 1_000_000).toFixed(2);
}
