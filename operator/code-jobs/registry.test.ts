import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ResolvedCode } from '../code/outcome.ts';
import { loginFor } from './registry-login.ts';
import { type BundleStore, bundleStore, type RegistrySettings } from './registry.ts';

const code: ResolvedCode = {
  kind: 'resolved',
  code: 'export default () => 1;\n',
  map: '{}',
  mapName: 'a.map',
  digest: `sha256-${'ab'.repeat(32)}`,
  bytes: 24,
  entry: 'https://code.example/worker.ts',
  modules: 1,
  time: '2026-01-01T00:00:00.000Z',
};

let server: Server;
/** What a registry does that is asked: blobs and manifests by path, and what it demands. */
let kept: Map<string, string>;
let demands: (request: IncomingMessage, response: ServerResponse) => boolean;
let asked: string[];

beforeEach(async () => {
  [kept, demands, asked] = [new Map(), () => false, []];
  server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(() => new Promise((resolve) => server.close(resolve)));

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { method = '', url = '' } = request;
  const { pathname, searchParams } = new URL(url, 'http://registry');
  const body = await text(request);
  asked.push(`${method} ${pathname}`);
  if (demands(request, response)) return;
  if (method === 'HEAD') response.writeHead(kept.has(pathname) ? 200 : 404).end();
  else if (method === 'POST') response.writeHead(202, { location: '/upload/1?state=x' }).end();
  else {
    const digest = searchParams.get('digest');
    kept.set(digest === null ? pathname : `/v2/team/code/blobs/${digest}`, body);
    response.writeHead(201).end();
  }
}

const store = (settings: Partial<RegistrySettings> = {}): BundleStore =>
  bundleStore({ host: hostOf(server), path: 'team/code', isPlain: true, login: () => undefined, ...settings });
const hostOf = (one: Server): string => `127.0.0.1:${(one.address() as AddressInfo).port}`;

describe('a bundle in a registry', () => {
  test('is pushed once, under a tag of its own, and is an image by the digest of its manifest', async () => {
    const image = await store().keep(code);
    const manifest = kept.get(`/v2/team/code/manifests/code-${'ab'.repeat(20)}`) ?? '';
    const digest = createHash('sha256').update(manifest).digest('hex');
    expect(image).toBe(`${hostOf(server)}/team/code@sha256:${digest}`);
    expect([...kept.keys()].filter((path) => path.includes('/blobs/'))).toHaveLength(2);
    asked = [];
    expect(await store().keep({ ...code })).toBe(image);
    expect(asked.map((one) => one.split(' ')[0])).toEqual(['HEAD', 'HEAD', 'PUT']);
  });

  test('is pushed with the login for its host, where the registry wants to see one', async () => {
    demands = ({ headers: { authorization } }, response) => {
      if (authorization === `Basic ${Buffer.from('me:secret').toString('base64')}`) return false;
      response.writeHead(401, { 'www-authenticate': 'Basic realm="registry"' }).end();
      return true;
    };
    await expect(store().keep(code)).rejects.toThrow(
      /does not take the bundle: POST of .*\/team\/code is answered with 401; give a login that may push, by .*pushSecret/,
    );
    expect(await store({ login: () => ({ username: 'me', password: 'secret' }) }).keep(code)).toContain('@sha256:');
  });

  test('is pushed with a token of the realm that the registry names, which alone is shown the login', async () => {
    const seen: (string | undefined)[] = [];
    demands = ({ url = '', headers: { authorization } }, response) => {
      if (url.startsWith('/token')) {
        seen.push(authorization, url);
        response.end('{"token":"t0ken"}');
        return true;
      }
      if (authorization === 'Bearer t0ken') return false;
      const realm = `http://${hostOf(server)}/token`;
      response.writeHead(401, { 'www-authenticate': `Bearer realm="${realm}",service="house"` }).end();
      return true;
    };
    await store({ login: () => ({ username: 'me', password: 'secret' }) }).keep(code);
    const scope = encodeURIComponent('repository:team/code:pull,push');
    const basic = `Basic ${Buffer.from('me:secret').toString('base64')}`;
    expect(seen).toEqual([basic, `/token?service=house&scope=${scope}`]);
  });

  test('sends no login to a realm elsewhere that speaks no TLS', async () => {
    demands = (_, response) => {
      response.writeHead(401, { 'www-authenticate': 'Bearer realm="http://192.0.2.1/token"' }).end();
      return true;
    };
    await expect(store({ login: () => ({ username: 'me', password: 'secret' }) }).keep(code)).rejects.toThrow('401');
  });

  test('is not kept where nobody answers, and where it is refused, which is told without what was said', async () => {
    demands = (_, response) => {
      response.writeHead(403).end('{"errors":[{"code":"DENIED","message":"a long story"}]}');
      return true;
    };
    await expect(store().keep(code)).rejects.toThrow(/answered with 403 \(DENIED\); give a login/);
    await expect(store({ host: '127.0.0.1:1' }).keep(code)).rejects.toThrow(
      /^the registry 127\.0\.0\.1:1 cannot be asked: .*ECONNREFUSED/,
    );
  });
});

test('a login is found for its host, in both forms docker login keeps', () => {
  const auth = Buffer.from('me:a:b').toString('base64');
  const file = JSON.stringify({
    auths: { 'one.example': { auth }, 'https://two.example': { username: 'you', password: 'c' } },
  });
  expect(loginFor('one.example', file)).toEqual({ username: 'me', password: 'a:b' });
  expect(loginFor('two.example', file)).toEqual({ username: 'you', password: 'c' });
  expect(loginFor('three.example', file)).toBeUndefined();
});
