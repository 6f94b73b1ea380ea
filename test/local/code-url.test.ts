import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { denoPath, runtimeTypes } from '../../cli/installation.ts';
import { type ResolvedCode, type ResolveOutcome, resolveOutcome } from '../../operator/code/outcome.ts';
import { passedOn } from '../../operator/code/passed-on.ts';
import type { CodeCredentials, CodeRequest } from '../../operator/code/request.ts';
import { resolveCode } from '../../operator/code/resolve.ts';
import { codeCache } from '../support/code-cache.ts';
import { answerWith, type CodeServer, redirectTo, startCodeServer } from '../support/code-server.ts';
import { tryRun } from '../support/command.ts';

const program = join(import.meta.dirname, '../../operator/code/resolve-main.ts');
const tools = {
  denoPath: denoPath(),
  seed: codeCache(),
  runtimeTypes: runtimeTypes(),
  environment: passedOn(process.env),
};

let server: CodeServer;
let other: CodeServer;
beforeAll(async () => {
  [server, other] = await Promise.all([startCodeServer(), startCodeServer()]);
});
afterAll(() => Promise.all([server.close(), other.close()]));

type More = Partial<Omit<CodeRequest, 'entry'>> & { readonly credentials?: never };

function requestFor(path: string, more: More = {}): CodeRequest {
  return { entry: { kind: 'url', url: `${server.url}${path}` }, registries: {}, ...more };
}

function resolved(path: string, more: More = {}, credentials?: CodeCredentials): Promise<ResolveOutcome> {
  return resolveCode({ request: requestFor(path, more), ...(credentials ? { credentials } : {}) }, tools);
}

async function codeAt(path: string, more: More = {}): Promise<ResolvedCode> {
  const outcome = await resolved(path, more);
  if (outcome.kind !== 'resolved') throw new Error(outcome.sentence);
  return outcome;
}

async function told(path: string, more: More = {}): Promise<string> {
  const outcome = await resolved(path, more);
  if (outcome.kind === 'resolved') return 'resolved';
  return `${outcome.kind} ${outcome.reason}: ${outcome.sentence}`.replaceAll(server.host, '<host>').replaceAll(
    other.host,
    '<other>',
  );
}

function serve(path: string, text: string): void {
  server.routes.set(path, text);
}

const sri = (text: string): string => `sha256-${createHash('sha256').update(text).digest('base64')}`;

describe('a module at an address', { timeout: 180_000 }, () => {
  test('becomes one file with all it imports, the same at every resolve, and shows nothing of this machine', async () => {
    serve(
      '/several.ts',
      "import { a } from './lib/a.ts';\nimport d from './lib/d.json' with { type: 'json' };\nimport { Reply } from 'redisworker';\nexport default (): number => { if (a > 9) throw new Reply(400, 'no'); return a + d.n; };\n",
    );
    serve('/lib/a.ts', 'export const a: number = 1;\n');
    serve('/lib/d.json', '{ "n": 2 }');
    const [one, two] = [await codeAt('/several.ts'), await codeAt('/several.ts')];
    expect({ ...two, time: '' }).toEqual({ ...one, time: '' });
    expect(one).toMatchObject({ entry: `${server.url}/several.ts`, modules: 3, bytes: one.code.length });
    expect(one.digest).toBe(`sha256-${createHash('sha256').update(one.code).digest('hex')}`);
    expect(one.code).toMatch(new RegExp(`# sourceMappingURL=${one.mapName}\n$`));
    expect(one.code.match(/^import .*$/gm)).toEqual(['import { Reply } from "redisworker";']);
    expect(one.code + one.map).not.toMatch(/\/tmp|redisworker-resolve/);
    expect(JSON.parse(one.map)).toMatchObject({
      sources: [`${server.url}/lib/a.ts`, `${server.url}/lib/d.json`, `${server.url}/several.ts`],
    });
  });

  test('is read by the program from stdin, which writes an outcome and exits with 0', async () => {
    serve('/one.ts', 'export default () => 1;\n');
    const env = { PATH: process.env['PATH'], CODE_DENO: tools.denoPath, CODE_SEED: tools.seed };
    const stdin = JSON.stringify({ request: requestFor('/one.ts') });
    const { code, stdout } = await tryRun(process.execPath, [program], { env, stdin });
    expect([code, resolveOutcome.parse(JSON.parse(stdout)).kind]).toEqual([0, 'resolved']);
  });

  test('is found after redirects on its host, and relative imports lead from there', async () => {
    server.routes.set('/latest.ts', redirectTo('/v2/worker.ts'));
    serve('/v2/worker.ts', "import { a } from './a.ts';\nexport default () => a;\n");
    serve('/v2/a.ts', 'export const a = 2;\n');
    expect(await codeAt('/latest.ts')).toMatchObject({ entry: `${server.url}/v2/worker.ts`, modules: 2 });
  });

  test('may be pinned by the digest of what is served, or of the bundle', async () => {
    const text = 'export default () => 1;\n';
    serve('/pinned.ts', text);
    const { code } = await codeAt('/pinned.ts', { integrity: sri(text) });
    expect(await told('/pinned.ts', { integrity: sri(code) })).toBe('resolved');
    expect(await told('/pinned.ts', { integrity: sri('another') })).toBe(
      `refused IntegrityMismatch: http://<host>/pinned.ts has the digest ${
        sri(text)
      }, and spec.source.integrity wants ${sri('another')}: find out why it has changed, then name the new digest`,
    );
  });

  test('is shown credentials by its own host and port alone, which are in nothing that is made', async () => {
    serve('/private.ts', `import { a } from '${other.url}/public.ts';\nexport default () => a;\n`);
    other.routes.set('/public.ts', 'export const a = 1;\n');
    const credentials = { kind: 'token', token: 'a-secret-token' } as const;
    const outcome = await resolved('/private.ts', { importHosts: [other.host] }, credentials);
    expect(outcome.kind).toBe('resolved');
    expect(server.asked.filter(({ path }) => path === '/private.ts').map(({ authorization }) => authorization))
      .toContain('Bearer a-secret-token');
    expect(other.asked.filter(({ path }) => path === '/public.ts').map(({ authorization }) => authorization)).toEqual([
      undefined,
    ]);
    expect(JSON.stringify(outcome)).not.toContain('a-secret-token');
  });
});

test(
  'types are checked where that is asked for: of what is at the host of the module, with those of the runtime and of a map',
  { timeout: 180_000 },
  async () => {
    const handler = (word: string): string =>
      `import type { Handler } from 'redisworker';\nimport { a } from 'a';\nconst greet: Handler<{ name: string }> = ({ data }) => a + data?.${word};\nexport default greet;\n`;
    serve('/typed/a.ts', `export { a } from '${other.url}/wrong.ts';\n`);
    other.routes.set('/wrong.ts', "export const a: string = 'a';\nexport const b: string = 1;\n");
    serve('/typed.ts', handler('nam'));
    const more = { importMap: '{ "imports": { "a": "./typed/a.ts" } }', importHosts: [other.host] };
    expect(await told('/typed.ts', more)).toBe('resolved');
    expect(await told('/typed.ts', { ...more, typeCheck: 'Enabled' })).toBe(
      "refused InvalidSource: http://<host>/typed.ts:3:66: Property 'nam' does not exist on type '{ name: string; }'. Did you mean 'name'?",
    );
    serve('/typed.ts', handler('name'));
    expect(await told('/typed.ts', { ...more, typeCheck: 'Enabled' })).toBe('resolved');
  },
);

describe('credentials', { timeout: 180_000 }, () => {
  const token = { kind: 'token', token: 'a-secret-token' } as const;
  // All hosts are behind a proxy of the test.
  const through = async (url: string, more: More = {}): Promise<ResolveOutcome> =>
    resolveCode({ request: { entry: { kind: 'url', url }, registries: {}, ...more }, credentials: token }, {
      ...tools,
      environment: { HTTP_PROXY: server.url },
    });

  test('are shown to a host at its usual port, and to none at another', async () => {
    serve('http://code.example/one.ts', "import { a } from 'http://other.example/a.ts';\nexport default () => a;\n");
    serve('http://other.example/a.ts', 'export const a = 1;\n');
    expect((await through('http://code.example/one.ts', { importHosts: ['other.example:80'] })).kind).toBe('resolved');
    expect(server.asked.filter(({ path }) => path.includes('.example/'))).toEqual([
      { path: 'http://code.example/one.ts', authorization: 'Bearer a-secret-token' },
      { path: 'http://other.example/a.ts', authorization: undefined },
    ]);
  });

  test('are for no host below it, which Deno would show them too', async () => {
    expect(await through('http://code.example/one.ts', { importHosts: ['a.code.example'] })).toMatchObject({
      kind: 'refused',
      reason: 'ImportRefused',
      sentence:
        'spec.source.importHosts has a.code.example, and modules from there would be asked for with the credentials of code.example:80: leave that host out, or the credentials',
    });
  });
});

describe('what is wrong is told in one sentence:', { timeout: 180_000 }, () => {
  test.each([
    [
      'nothing there',
      '/absent.ts',
      'failed SourceNotFound: there is no module at http://<host>/absent.ts: check the address',
    ],
    [
      'a host that fails',
      '/500.ts',
      "failed SourceUnreachable: http://<host>/500.ts: Import 'http://<host>/500.ts' failed: 500 Internal Server Error",
    ],
    [
      'a host that wants to know who asks',
      '/401.ts',
      "failed SourceUnauthorized: http://<host>/401.ts: Import 'http://<host>/401.ts' failed: 401 Unauthorized",
    ],
    [
      'a redirect to another host',
      '/away.ts',
      'refused ImportRefused: http://<host>/away.ts: modules of <other> are not imported: add <other> to spec.source.importHosts, or import from a host that is there',
    ],
    [
      'a redirect to the metadata of a cloud',
      '/metadata.ts',
      'refused ImportRefused: 169.254.169.254:80 is, or leads to, the address of a service that tells machines their secrets: no code is taken from there',
    ],
    ['what does not parse', '/syntax.ts', 'refused InvalidSource: http://<host>/syntax.ts:2:9: Expression expected'],
    [
      'a file by a static import',
      '/static.ts',
      'refused ImportRefused: "http://<host>/static.ts" imports "file:///etc/passwd", a file of this machine: a module from elsewhere may import no file; import the file from a module of your own',
    ],
    [
      'a file by a literal dynamic import',
      '/dynamic.ts',
      'refused ImportRefused: "http://<host>/dynamic.ts" imports "file:///etc/passwd", a file of this machine: a module from elsewhere may import no file; import the file from a module of your own',
    ],
  ])('%s', async (_what, path, sentence) => {
    server.routes.set('/500.ts', answerWith(500));
    server.routes.set('/401.ts', answerWith(401));
    server.routes.set('/away.ts', redirectTo(`${other.url}/worker.ts`));
    server.routes.set('/metadata.ts', redirectTo('http://169.254.169.254/latest/worker.ts'));
    serve('/syntax.ts', 'export default () => 1;\nlet x = ;\n');
    serve('/static.ts', "import x from 'file:///etc/passwd' with { type: 'text' };\nexport default () => x;\n");
    serve('/dynamic.ts', "export default () => import('file:///etc/passwd', { with: { type: 'text' } });\n");
    expect(await told(path)).toBe(sentence);
  });
});
