/** Modules from elsewhere that are large, slow, or made to reach what they may not. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { denoPath, runtimeTypes } from '../../cli/installation.ts';
import type { ResolveOutcome } from '../../operator/code/outcome.ts';
import { passedOn } from '../../operator/code/passed-on.ts';
import { resolveCode } from '../../operator/code/resolve.ts';
import { bundlerFetched, codeCache } from '../support/code-cache.ts';
import { type CodeServer, redirectTo, startCodeServer } from '../support/code-server.ts';
import { tryRun } from '../support/command.ts';
import { noise } from '../support/large-code.ts';
import { type NpmRegistry, serveNpm } from '../support/npm-registry.ts';

const tools = {
  denoPath: denoPath(),
  seed: codeCache(),
  runtimeTypes: runtimeTypes(),
  environment: passedOn(process.env),
};

let server: CodeServer;
let registry: NpmRegistry;
let folder: string;
beforeAll(async () => {
  [server, registry] = await Promise.all([startCodeServer(), serveNpm(), bundlerFetched()]);
  folder = await mkdtemp(join(tmpdir(), 'redisworker-test-'));
}, 180_000);
afterAll(async () => {
  registry.close();
  await server.close();
  await rm(folder, { recursive: true });
});

function resolved(path: string, npm?: string, longestRunMs?: number): Promise<ResolveOutcome> {
  const request = { entry: { kind: 'url', url: `${server.url}${path}` }, registries: npm ? { npm } : {} } as const;
  return resolveCode({ request }, { ...tools, ...(longestRunMs === undefined ? {} : { longestRunMs }) });
}

async function told(path: string, longestRunMs?: number): Promise<string> {
  const outcome = await resolved(path, undefined, longestRunMs);
  if (outcome.kind === 'resolved') return 'resolved';
  return `${outcome.kind} ${outcome.reason}: ${outcome.sentence}`.replaceAll(server.host, '<host>');
}

/** Runs a bundle as a pod does, with no right at all. @returns what its default export gives, or why it does not */
async function ran(outcome: ResolveOutcome): Promise<string> {
  if (outcome.kind !== 'resolved') return outcome.sentence;
  await writeFile(join(folder, 'worker.js'), outcome.code);
  await writeFile(
    join(folder, 'run.js'),
    "import make from './worker.js';\ntry { console.log(JSON.stringify(await make())); } catch (error) { console.log(String(error)); }\nDeno.exit(0);\n",
  );
  const rights = ['--no-prompt', '--no-config', '--no-lock', '--no-remote', '--no-npm', '--ignore-env'];
  const { stdout, stderr } = await tryRun(tools.denoPath, ['run', ...rights, join(folder, 'run.js')], {
    env: { NO_COLOR: '1', DENO_DIR: join(folder, 'deno') },
  });
  return stdout.trim() || stderr;
}

describe('a module at an address', { timeout: 240_000 }, () => {
  test.each([
    [
      'croner',
      "import { Cron } from 'npm:croner';\nexport default () => new Cron('0 0 1 1 *').nextRun() > new Date();\n",
    ],
    [
      'zod',
      "import { z } from 'npm:zod';\nexport default () => z.object({ a: z.number() }).safeParse({ a: 1 }).success;\n",
    ],
    ['pg', "import pg from 'npm:pg';\nexport default () => new pg.Client().escapeLiteral('a') === \"'a'\";\n"],
    [
      'ioredis',
      "import { Redis } from 'npm:ioredis';\nexport default () => new Redis({ lazyConnect: true }).status === 'wait';\n",
    ],
    ['mysql2', "import mysql from 'npm:mysql2';\nexport default () => mysql.escape(['a', 1]) === \"'a', 1\";\n"],
  ])('may import the package %s, which is in its bundle and runs there', async (name, code) => {
    server.routes.set(`/${name}.ts`, code);
    expect(await ran(await resolved(`/${name}.ts`, registry.url))).toBe('true');
  });

  test('may import 400 modules', async () => {
    for (let at = 0; at < 400; at += 1) {
      const below = [2 * at + 1, 2 * at + 2].filter((one) => one < 400);
      const imports = below.map((one) => `import { a as a${one} } from './m${one}.ts';\n`).join('');
      server.routes.set(
        `/many/m${at}.ts`,
        `${imports}export const a: number = ${['1', ...below.map((one) => `a${one}`)].join(' + ')};\n`,
      );
    }
    server.routes.set('/many/main.ts', "import { a } from './m0.ts';\nexport default (): number => a;\n");
    const outcome = await resolved('/many/main.ts');
    expect(outcome).toMatchObject({ kind: 'resolved', modules: 401 });
    expect(await ran(outcome)).toBe('400');
  });

  test('may not have 30 MB', async () => {
    const text = noise(1_000_000);
    const names = Array.from({ length: 30 }, (_, at) => at);
    for (const at of names) server.routes.set(`/large/${at}.ts`, `export const t = '${at} ${text}';\n`);
    const imports = names.map((at) => `import { t as t${at} } from './${at}.ts';\n`).join('');
    server.routes.set('/large/main.ts', `${imports}export default () => [${names.map((at) => `t${at}`).join()}];\n`);
    expect(await told('/large/main.ts')).toMatch(
      /^refused SourceTooLarge: http:\/\/<host>\/large\/main\.ts is 28\.\d MiB with everything it imports, and a worker may have 8 MiB: import less/,
    );
  });

  test('is given up when its host or one it imports from does not answer', async () => {
    const never = (): void => undefined;
    server.routes.set('/never.ts', never);
    server.routes.set('/imports-never.ts', "import './never.ts';\nexport default () => 1;\n");
    for (const path of ['/never.ts', '/imports-never.ts']) {
      expect(await told(path, 2000)).toBe(
        `failed SourceUnreachable: http://<host>${path} and what it imports took longer than 2 s: is one of the hosts slow, or does one not answer?`,
      );
    }
  });

  test.each([
    [
      'computed',
      "const name = ['file:', '', '', 'etc', 'passwd'].join('/');\nexport default () => import(name, { with: { type: 'text' } });\n",
    ],
    ['minified', 'const a="file:///etc/passwd";export default()=>import(a,{with:{type:"text"}});'],
    ['minified in a template', 'const a="etc";export default()=>import(`file:///${a}/passwd`,{with:{type:"text"}});'],
  ])('reads no file by a %s import: a pod may not', async (what, code) => {
    const path = `/${what.replaceAll(' ', '-')}.js`;
    server.routes.set(path, code);
    expect(await ran(await resolved(path))).toMatch(
      /Requires read access to "\/etc\/passwd"|imports "file:\/\/\/etc\/passwd"/,
    );
  });

  test('reads no file by a redirect', async () => {
    server.routes.set('/to-file.ts', redirectTo('file:///etc/passwd'));
    expect(await told('/to-file.ts')).toMatch(/^(failed SourceNotFound|failed SourceUnreachable|refused)/);
  });

  test('may start a Web Worker whose code it carries itself', async () => {
    server.routes.set(
      '/inside.ts',
      `const code = 'self.onmessage = ({ data }) => self.postMessage(2 * data);';
export default (): Promise<number> => new Promise((resolve) => {
  const worker = new Worker(\`data:text/javascript,\${encodeURIComponent(code)}\`, { type: 'module' });
  worker.onmessage = ({ data }) => resolve(data);
  worker.postMessage(21);
});\n`,
    );
    expect(await ran(await resolved('/inside.ts'))).toBe('42');
  });

  test('starts no Web Worker from a file beside it', async () => {
    server.routes.set(
      '/boss.ts',
      "export default () => new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });\n",
    );
    server.routes.set('/worker.ts', 'self.onmessage = () => undefined;\n');
    expect(await told('/boss.ts')).toBe(
      'refused InvalidSource: http://<host>/boss.ts:1:22: a Web Worker is started from ./worker.ts, a file pods do not have: do its work in the module itself, or give it as a "data:text/javascript,…" address',
    );
  });
});
