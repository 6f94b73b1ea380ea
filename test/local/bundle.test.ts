import { cp, mkdir, mkdtemp, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { denoPath } from '../../cli/installation.ts';
import { bundle, type BundleOutcome } from '../../operator/code/bundle.ts';
import { codeCache } from '../support/code-cache.ts';
import { serveJsr, type TestJsr } from '../support/jsr.ts';
import { run, tryRun } from '../support/command.ts';

const checkout = join(import.meta.dirname, '../..');
const deno = { path: denoPath(), cache: codeCache(), environment: process.env };
const runtimeTypes = join(checkout, 'worker/mod.ts');

let home: string;
beforeAll(async () => {
  home = await realpath(await mkdtemp(join(tmpdir(), 'redisworker-bundle-test-')));
});
afterAll(() => rm(home, { recursive: true, force: true }));

/** Writes a project of its own. @returns its folder */
async function project(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(home, 'project-'));
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
  return folder;
}

function bundled(folder: string, entry = 'greet.ts', more: { runtimeTypes?: string } = {}): Promise<BundleOutcome> {
  return bundle({ entry: join(folder, entry), deno, namedFrom: folder, ...more });
}

async function problemOf(files: Readonly<Record<string, string>>, more = {}): Promise<string> {
  const folder = await project(files);
  const outcome = await bundled(folder, 'greet.ts', more);
  return outcome.ok ? 'none' : outcome.problem.replaceAll(folder, '<project>');
}

async function codeOf(files: Readonly<Record<string, string>>, entry?: string): Promise<string> {
  const outcome = await bundled(await project(files), entry);
  if (!outcome.ok) throw new Error(outcome.problem);
  return outcome.bundle.code;
}

const several = {
  'greet.ts': `import { type Handler, Reply } from 'redisworker';
import { hello } from '@/hello.ts';
import words from './data/words.json' with { type: 'json' };
import note from './data/note.txt' with { type: 'text' };

const greet: Handler<{ name?: string }> = ({ data }) => {
  if (!data?.name) throw new Reply(400, 'no name');
  return { greeting: hello(data.name), words, note };
};
export default greet;
`,
  'lib/hello.ts': 'export const hello = (name: string): string => `Hello, ${name}!`;\n',
  'data/words.json': '{ "a": 1 }',
  'data/note.txt': 'a text',
  'deno.json': '{\n  // where things are\n  "imports": { "@/": "./lib/", },\n}',
};

describe('a module with all it imports', () => {
  test('becomes one file that imports the runtime alone, the same for the same sources elsewhere', async () => {
    const [here, there] = [await project(several), await project(several)];
    const outcomes = [await bundled(here, 'greet.ts', { runtimeTypes }), await bundled(there)];
    const [one, other] = outcomes.map((outcome) => (outcome.ok ? outcome.bundle : outcome.problem));
    expect(one).toEqual(other);
    expect(one).toMatchObject({ digest: expect.stringMatching(/^sha256-[0-9a-f]{64}$/) });
    const { code, map } = one as { code: string; map: string };
    expect(code.match(/^import .*$/gm)).toEqual(['import { Reply } from "redisworker";']);
    expect(code).toContain('"a text"');
    expect(map).not.toContain('no name'); // no text of the author's travels along
    expect(outcomes[0]!.files.map((file) => file.slice(here.length + 1)).sort()).toEqual(
      ['data/note.txt', 'data/words.json', 'greet.ts', 'lib/hello.ts'],
    );
  });

  test("tells the author's file and line in the stacks of what it throws", async () => {
    const folder = await project({
      'greet.ts':
        "import { fail } from './lib/fail.ts';\ninterface A {\n  x: number;\n}\nexport default ({ x }: A) => fail(x);\n",
      'lib/fail.ts': '// a comment\nexport function fail(x: number): never {\n  throw new Error(`bad ${x}`);\n}\n',
    });
    const outcome = await bundled(folder);
    if (!outcome.ok) throw new Error(outcome.problem);
    const { code, map, mapName } = outcome.bundle;
    const pod = await mkdtemp(join(home, 'pod-'));
    await writeFile(join(pod, 'worker.js'), code);
    await writeFile(join(pod, mapName), map);
    await writeFile(
      join(pod, 'main.js'),
      "import f from './worker.js';\ntry { f({ x: 1 }) } catch (e) { console.log(e.stack) }\n",
    );
    const stack = await run(deno.path, ['run', '--no-prompt', '--no-config', join(pod, 'main.js')]);
    expect(stack).toContain(`${pod}/lib/fail.ts:3:9)`);
    expect(stack).toContain(`${pod}/greet.ts:5:`);
  });

  test('takes packages along, of which no path of this machine is left', async () => {
    const folder = await project({
      'src/greet.ts':
        "import { z } from 'zod';\nimport { EventEmitter } from 'events';\nexport default () => z.string().parse('it works') + typeof EventEmitter;\n",
      'package.json': '{ "dependencies": { "zod": "^4.0.0" } }',
    });
    await symlink(join(checkout, 'node_modules'), join(folder, 'node_modules'));
    const outcome = await bundled(folder, 'src/greet.ts');
    if (!outcome.ok) throw new Error(outcome.problem);
    expect(outcome.files).toEqual([join(folder, 'src/greet.ts')]);
    const file = join(home, 'zod.js');
    await writeFile(file, `${outcome.bundle.code}\nconsole.log(greet_default());\n`);
    expect(await run(deno.path, ['run', '--no-prompt', '--no-config', '--no-npm', file])).toBe('it worksfunction\n');
  });

  test('is found in a folder by the name of a module, and shares what a workspace shares', async () => {
    const code = await codeOf({
      'deno.json': '{ "workspace": ["./greet", "./words"] }',
      'words/deno.json': '{ "name": "@acme/words", "version": "1.0.0", "exports": "./mod.ts" }',
      'words/mod.ts': "export const word = 'shared';",
      'greet/deno.json': '{ "name": "@acme/greet", "version": "1.0.0", "exports": "./worker.ts" }',
      'greet/worker.ts': "import { word } from '@acme/words';\nexport default () => word;\n",
    }, 'greet');
    expect(code).toContain('"shared"');
  });

  test('shares what npm shares in a workspace of package.json, beside packages that are installed', async () => {
    const folder = await project({
      'package.json': '{ "private": true, "workspaces": ["packages/*"] }',
      'packages/words/package.json':
        '{ "name": "@acme/words", "version": "1.0.0", "type": "module", "exports": "./mod.ts" }',
      'packages/words/mod.ts': "export const word: string = 'shared';\n",
      'packages/greet/package.json':
        '{ "name": "@acme/greet", "dependencies": { "@acme/words": "1.0.0", "loudly": "^1.0.0" } }',
      'packages/greet/worker.ts':
        "import { word } from '@acme/words';\nimport { loud } from 'loudly';\nexport default () => loud(word);\n",
      'node_modules/loudly/package.json':
        '{ "name": "loudly", "version": "1.0.1", "type": "module", "exports": "./main.js" }',
      'node_modules/loudly/main.js': 'export const loud = (word) => `${word}, out loud`;\n',
    });
    // As npm lays it out.
    await mkdir(join(folder, 'node_modules/@acme'));
    await symlink('../../packages/words', join(folder, 'node_modules/@acme/words'));
    const outcome = await bundled(folder, 'packages/greet');
    if (!outcome.ok) throw new Error(outcome.problem);
    const { code } = outcome.bundle;
    expect([code.includes('"shared"'), code.includes(', out loud'), /^import /m.test(code)]).toEqual([
      true,
      true,
      false,
    ]);
    expect(outcome.files.map((file) => file.slice(folder.length + 1)).sort()).toEqual([
      'packages/greet/worker.ts',
      'packages/words/mod.ts',
    ]);
  });
});

describe('what is wrong with a module is told in one sentence with file and line:', () => {
  test.each([
    ['a file that is not there', "import './nope.ts';\n", 'greet.ts:1:8: there is no nope.ts, which is imported here'],
    ['syntax', 'const a = 1;\nexport default () => {\n  return a +;\n};\n', 'greet.ts:3:13: Expression expected'],
    [
      'a bare name',
      "import _ from 'lodash';\nexport default () => _;\n",
      'greet.ts:1:14: "lodash" is not known: write npm:lodash, or add it to "imports" of the deno.json beside the module',
    ],
    [
      'a host that is not asked',
      "import 'https://code.example/x.ts';\n",
      'greet.ts:1:8: modules of code.example:443 are not loaded: Deno imports from jsr.io, esm.sh, deno.land and a few more; copy the module into the project',
    ],
    [
      'a Web Worker of its own',
      "export default () =>\n  new Worker(new URL('./w.ts', import.meta.url), { type: 'module' });\n",
      'greet.ts:2:3: a Web Worker is started from ./w.ts, a file pods do not have: do its work in the module itself, or give it as a "data:text/javascript,…" address',
    ],
  ])('%s', async (_what, text, sentence) => {
    expect(await problemOf({ 'greet.ts': text })).toBe(sentence);
  });

  test('a type, also of what the runtime gives', async () => {
    const text = `import type { Handler } from 'redisworker';
const greet: Handler<{ name: string }> = ({ data }) => data?.nam;
export default greet;
`;
    expect(await problemOf({ 'greet.ts': text }, { runtimeTypes })).toBe(
      "greet.ts:2:62: Property 'nam' does not exist on type '{ name: string; }'. Did you mean 'name'?",
    );
  });

  test('a lock that does not have all there is', async () => {
    const files = { 'greet.ts': "import 'npm:zod@4';\n", 'deno.json': '{}', 'deno.lock': '{ "version": "5" }' };
    expect(await problemOf(files)).toBe(
      'greet.ts: deno.lock does not have all that is imported: run "deno install" beside it, and keep the lock it writes',
    );
  });

  test('no such file, and a folder without a module', async () => {
    const folder = await project({ 'empty/x.txt': '' });
    expect(await bundled(folder)).toMatchObject({ ok: false, problem: 'there is no file greet.ts: check the path' });
    expect(await bundled(folder, 'empty')).toMatchObject({
      ok: false,
      problem:
        'empty has no module: put one of worker.ts, worker.js, mod.ts, mod.js, main.ts, main.js, index.ts, index.js there, or name a file',
    });
  });
});

describe('a file outside of the project does not get into a bundle:', () => {
  const text = "with { type: 'text' }";
  test.each([
    [
      'by a static import',
      `import x from 'file:///etc/passwd' ${text};\nexport default () => x;\n`,
      'greet.ts:1:15: imports /etc/passwd, which lies outside of <project>',
    ],
    [
      'by a literal dynamic import',
      "export default () => import('file:///etc/passwd', { with: { type: 'text' } });\n",
      'greet.ts:1:29: imports /etc/passwd, which lies outside of <project>',
    ],
    [
      'by a module inside an address',
      `import 'data:text/javascript,${encodeURIComponent('export { default } from "file:///etc/hostname.js"')}';\n`,
      'imports "file:///etc/hostname.js", a file of this machine: a module from elsewhere may import no file; import the file from a module of your own',
    ],
  ])('%s', async (_how, module, sentence) => {
    expect(await problemOf({ 'greet.ts': module })).toContain(sentence);
  });

  test('by a relative one, or by require in a package', async () => {
    await writeFile(join(home, 'secret.json'), '{"key":"s3cret"}');
    const outside = `/secret.json, which lies outside of <project>`;
    expect(
      await problemOf({
        'greet.ts': "import x from '../secret.json' with { type: 'json' };\nexport default () => x;\n",
      }),
    ).toContain(outside);
    const files = {
      'greet.ts': "import x from 'thief';\nexport default () => x;\n",
      'package.json': '{ "dependencies": { "thief": "1.0.0" } }',
      'node_modules/thief/package.json': '{ "name": "thief", "version": "1.0.0", "main": "index.js" }',
      'node_modules/thief/index.js': `module.exports = require(${JSON.stringify(join(home, 'secret.json'))});\n`,
    };
    expect(await problemOf(files)).toContain(outside);
  });

  test('and one that is computed is left to the pod, which has no such right', async () => {
    const code = await codeOf({
      'greet.ts': "export default (x) => import('file:///etc/' + x, { with: { type: 'text' } });\n",
    });
    await writeFile(join(home, 'computed.js'), `${code}\nawait greet_default('passwd');\n`);
    const { code: exit, stderr } = await tryRun(deno.path, [
      'run',
      '--no-prompt',
      '--no-config',
      join(home, 'computed.js'),
    ]);
    expect([exit, stderr]).toEqual([1, expect.stringContaining('Requires read access')]);
  });
});

describe('a package of jsr', () => {
  const files = {
    'greet.ts': "import { hello } from '@acme/hello';\nexport default () => hello('Ada');\n",
    'deno.json': '{ "imports": { "@acme/hello": "jsr:@acme/hello@^1" } }',
  };
  let jsr: TestJsr;
  let cache: string;
  beforeAll(async () => {
    jsr = await serveJsr('@acme/hello', '1.2.0', 'export const hello = (name: string): string => `Hello, ${name}!`;\n');
    cache = await mkdtemp(join(home, 'cache-'));
    await cp(join(codeCache(), 'dl'), join(cache, 'dl'), { recursive: true });
  });
  afterAll(() => jsr.close());
  const environment = () => ({ ...process.env, JSR_URL: jsr.url });
  const bundledThere = (folder: string, from = cache): Promise<BundleOutcome> =>
    bundle({
      entry: join(folder, 'greet.ts'),
      deno: { ...deno, cache: from, environment: environment() },
      namedFrom: folder,
    });

  test('becomes part of the module, in the version that the lock has', { timeout: 120_000 }, async () => {
    const folder = await project(files);
    const lock = ['--config', join(folder, 'deno.json'), '--lock', join(folder, 'deno.lock')];
    const locked = await tryRun(deno.path, ['cache', '--quiet', ...lock, join(folder, 'greet.ts')], {
      cwd: folder,
      env: { ...environment(), DENO_DIR: cache },
    });
    expect(locked).toMatchObject({ code: 0 });
    expect(await readFile(join(folder, 'deno.lock'), 'utf8')).toContain('@acme/hello@1.2.0');
    const outcome = await bundledThere(folder);
    expect(outcome.ok ? outcome.bundle.code : outcome.problem).toContain('`Hello, ${name}!`');
    jsr.replace('export const hello = (): string => "something else";\n');
    const elsewhere = await mkdtemp(join(home, 'cache-'));
    await cp(join(codeCache(), 'dl'), join(elsewhere, 'dl'), { recursive: true });
    const changed = await bundledThere(folder, elsewhere);
    expect(changed).toMatchObject({
      ok: false,
      problem: expect.stringContaining('jsr:@acme/hello@^1 cannot be loaded') as unknown,
    });
  });
});

test('a project is left as it was found', async () => {
  const folder = await project(several);
  await bundled(folder);
  await expect(readFile(join(folder, 'deno.lock'))).rejects.toThrow('ENOENT');
});
