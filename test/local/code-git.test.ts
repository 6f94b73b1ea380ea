import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { codeResolver } from '../../cli/bundle-module.ts';
import { denoPath, runtimeTypes } from '../../cli/installation.ts';
import { systemClock } from '../../operator/clock.ts';
import type { ResolveOutcome } from '../../operator/code/outcome.ts';
import { passedOn } from '../../operator/code/passed-on.ts';
import type { CodeCredentials, CodeRequest } from '../../operator/code/request.ts';
import { resolveCode } from '../../operator/code/resolve.ts';
import type { CodeAnswer } from '../../operator/code/resolver.ts';
import { codeCache } from '../support/code-cache.ts';
import { type GitServer, hasGitServer, startGitServer } from '../support/git-server.ts';
import { signedBy } from '../support/tls/certificates.ts';

const tools = {
  denoPath: denoPath(),
  seed: codeCache(),
  runtimeTypes: runtimeTypes(),
  environment: passedOn(process.env),
};

let host: GitServer;

function taken(
  url: string,
  ref: string,
  path: string,
  credentials?: CodeCredentials,
  more: Partial<CodeRequest> = {},
): Promise<ResolveOutcome> {
  const request = { entry: { kind: 'git', url, ref, path }, registries: {}, ...more } as const;
  return resolveCode({ request, ...(credentials ? { credentials } : {}) }, tools);
}

async function told(ref: string, path: string, more: Partial<CodeRequest> = {}): Promise<string> {
  const outcome = await taken(`${host.url}/code/.git`, ref, path, undefined, more);
  if (outcome.kind === 'resolved') return 'resolved';
  return `${outcome.kind} ${outcome.reason}: ${outcome.sentence}`.replaceAll(host.url, '<host>');
}

const noGit = hasGitServer() ? '' : ' (skipped: git is not installed with git-http-backend)';

describe.skipIf(noGit !== '')(`a module of a Git repository${noGit}`, { timeout: 180_000 }, () => {
  let first: string;
  beforeAll(async () => {
    host = await startGitServer();
    first = await host.commit('code', {
      'workers/greet.ts': "import { hello } from '@/hello.ts';\nexport default (): string => hello('one');\n",
      'workers/wrong.ts': 'export default () => 1;\nlet x = ;\n',
      'lib/hello.ts': 'export const hello = (name: string): string => `Hello, ${name}!`;\n',
      'deno.json': '{ "imports": { "@/": "./lib/" } }',
    });
    host.git('code', 'tag', '-a', 'v1', '-m', 'the first');
    await host.commit('code', { 'lib/hello.ts': 'export const hello = (name: string): string => `Hi, ${name}!`;\n' });
  });
  afterAll(() => host.close());

  test('is taken at the commit a branch has, with the configuration of the repository', async () => {
    const outcome = await taken(`${host.url}/code/.git`, 'main', 'workers/greet.ts');
    expect(outcome).toMatchObject({ kind: 'resolved', commit: host.git('code', 'rev-parse', 'main'), modules: 2 });
    expect(outcome.kind === 'resolved' && outcome.code).toContain('Hi,');
  });

  test('has its types checked where that is asked for, by the import map that is given too', async () => {
    const module =
      "import type { Handler } from 'redisworker';\nimport { hello } from 'lib/hello.ts';\nconst greet: Handler<string> = ({ data }) => hello(data ?? 1);\nexport default greet;\n";
    await host.commit('code', { 'workers/typed.ts': module });
    const more = { typeCheck: 'Enabled', importMap: '{ "imports": { "lib/": "../lib/" } }' } as const;
    expect(await told('main', 'workers/typed.ts', more)).toBe(
      "refused InvalidSource: workers/typed.ts:3:52: Argument of type 'string | 1' is not assignable to parameter of type 'string'",
    );
  });

  test.each(['v1', 'a commit id'])('is taken at %s', async (ref) => {
    const outcome = await taken(`${host.url}/code/.git`, ref === 'v1' ? ref : first, 'workers/greet.ts');
    expect(outcome).toMatchObject({ kind: 'resolved', commit: first });
    expect(outcome.kind === 'resolved' && outcome.code).toContain('Hello,');
  });

  test.each([
    [
      'a branch that is not there',
      'nobody',
      'workers/greet.ts',
      'failed SourceNotFound: <host>/code/.git has no "nobody": check spec.source.git.ref',
    ],
    [
      'a file that is not there',
      'v1',
      'workers/none.ts',
      'failed SourceNotFound: <host>/code/.git has no file workers/none.ts at <commit>: check spec.source.git.path',
    ],
    [
      'what does not parse',
      'v1',
      'workers/wrong.ts',
      'refused InvalidSource: workers/wrong.ts:2:9: Expression expected',
    ],
  ])('tells %s', async (_what, ref, path, sentence) => {
    expect(await told(ref, path)).toBe(sentence.replace('<commit>', first.slice(0, 12)));
  });

  test('leads nowhere out of the repository', async () => {
    await host.commit('code', {
      'out.ts': "import x from './passwd.txt' with { type: 'text' };\nexport default () => x;\n",
    }, 'links');
    host.git('code', 'config', 'core.symlinks', 'true');
    const { symlinkSync } = await import('node:fs');
    symlinkSync('/etc/passwd', `${host.git('code', 'rev-parse', '--show-toplevel')}/passwd.txt`);
    await host.commit('code', {
      'up.ts': "import x from '../../../../../../etc/passwd' with { type: 'text' };\nexport default () => x;\n",
    }, 'links');
    expect(await told('links', 'out.ts')).toMatch(/there is no passwd\.txt, which is imported here/);
    expect(await told('links', 'up.ts')).toMatch(
      /refused ImportRefused: up\.ts:1:\d+: imports .*etc\/passwd, which lies outside of/,
    );
  });

  test('is taken from a private host with a token alone', async () => {
    await host.commit('secret', { 'worker.ts': 'export default () => 1;\n' });
    host.demand('the-token');
    const url = `${host.url}/secret/.git`;
    expect(await taken(url, 'main', 'worker.ts')).toMatchObject({ kind: 'failed', reason: 'SourceUnauthorized' });
    const outcome = await taken(url, 'main', 'worker.ts', { kind: 'token', token: 'the-token' });
    expect(outcome.kind).toBe('resolved');
    expect(JSON.stringify(outcome)).not.toContain('the-token');
  });

  describe('behind what a house has around it', () => {
    const folder = mkdtempSync(join(tmpdir(), 'redisworker-git-test-'));
    let closed: GitServer;
    let authority: string;
    let proxy: Server;
    const asked: string[] = [];
    const cached = { XDG_CACHE_HOME: join(codeCache(), '../..') };
    beforeAll(async () => {
      const signed = await signedBy(folder, 'house', ['IP:127.0.0.1']);
      const [key = '', cert = ''] = ['server.key', 'server.crt'].map((name) => readFileSync(signed.file(name), 'utf8'));
      authority = signed.file('ca.crt');
      closed = await startGitServer({ key, cert });
      await closed.commit('code', { 'worker.ts': 'export default (): number => 1;\n' });
      proxy = createServer().on('connect', ({ url = '' }, client: Socket) => {
        asked.push(url);
        const target = connect(Number(new URL(closed.url).port), '127.0.0.1', () => {
          client.write('HTTP/1.1 200 OK\r\n\r\n');
          target.pipe(client).pipe(target);
        });
        for (const end of [client, target]) end.on('error', () => undefined);
      });
      await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    });
    afterAll(async () => {
      proxy.close();
      proxy.closeAllConnections();
      await closed.close();
      rmSync(folder, { recursive: true });
    });

    /** As `up` has it resolved in a shell with these variables. */
    async function resolvedWith(environment: Readonly<Record<string, string>>, url: string): Promise<CodeAnswer> {
      const { PATH } = process.env; // and nothing else of what this machine may have around it
      const resolver = codeResolver({ environment: { PATH, HOME: folder, ...cached, ...environment } }, systemClock);
      const answered = new Promise<void>((resolve) => resolver.onAnswer(() => resolve()));
      const entry = { kind: 'git', url: `${url}/code/.git`, ref: 'main', path: 'worker.ts' } as const;
      const question = { asker: 'default/w', id: 'a', request: { entry, registries: {} } };
      await resolver.ask(question);
      await answered;
      const answer = await resolver.ask(question);
      await resolver.close();
      return answer;
    }

    test('is refused with whose certificate it is, until its authority is trusted', async () => {
      const { host: name } = new URL(closed.url);
      expect(await resolvedWith({}, closed.url)).toMatchObject({
        kind: 'failed',
        reason: 'SourceUnreachable',
        sentence: expect.stringMatching(
          new RegExp(
            `^the certificate of ${name} is not trusted \\(.+\\): give its authority, .* on a laptop by DENO_CERT`,
          ),
        ) as string,
      });
      expect(await resolvedWith({ DENO_CERT: authority }, closed.url)).toMatchObject({ kind: 'resolved', modules: 1 });
    });

    test('is fetched through the proxy the shell names', async () => {
      const { port } = proxy.address() as AddressInfo;
      const [https, trusted] = [{ HTTPS_PROXY: `http://127.0.0.1:${port}` }, { DENO_CERT: authority }];
      const answer = await resolvedWith({ ...https, ...trusted }, 'https://cache.test');
      expect(answer).toMatchObject({ kind: 'resolved', modules: 1 });
      expect(new Set(asked)).toEqual(new Set(['cache.test:443']));
    });
  });
});
