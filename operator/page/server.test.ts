import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { quietLog } from '../../test/support/quiet-log.ts';
import { ManualClock } from '../../test/support/manual-clock.ts';
import type { HttpServer } from '../observability/listen.ts';
import type { Guard } from '../observability/metrics-guard.ts';
import { assembled } from './html.ts';
import type { Overview, RequestToSend, WorkerDepth } from './model.ts';
import { type PageServerOptions, startPageServer } from './server.ts';
import type { PageSource } from './source.ts';
import { tokenGuard } from './token-guard.ts';

const token = 'right-token';
const done: unknown[] = [];
const shown: PageSource = {
  overview: (words) => ({ matching: 0, problems: [words] }) as unknown as Overview,
  depth: (worker) => ({ row: { name: worker } }) as unknown as WorkerDepth,
  trace: (worker, ref) => Promise.resolve({ outcome: worker, sentence: ref, rows: [], notes: [] }),
  deadLetters: () => Promise.resolve({ count: 0, letters: [] }),
  stop: () => undefined,
};
const acts: NonNullable<PageSource['acts']> = {
  send(worker: string, asked: RequestToSend) {
    done.push([worker, asked]);
    return Promise.resolve({ ref: 'r', ms: 1, reply: '<script>alert(1)</script>' });
  },
  replay(worker, id) {
    done.push([worker, id]);
    return Promise.resolve();
  },
};

const open: HttpServer[] = [];
let local: number;
let readOnly: number;
beforeAll(async () => {
  const hosts = ['127.0.0.1', 'localhost'];
  local = await serve({ guard: tokenGuard(token), hosts, source: { ...shown, acts } });
  const guard: Guard = (header) =>
    Promise.resolve(header === `Bearer ${token}` ? { kind: 'Allowed' } : { kind: 'Forbidden', user: 'ada' });
  readOnly = await serve({ guard, source: shown });
});
afterAll(() => Promise.all(open.map((server) => server.close())));

async function serve(options: Pick<PageServerOptions, 'guard' | 'source'> & Partial<PageServerOptions>) {
  const server = await startPageServer({
    address: '127.0.0.1',
    port: 0,
    howToEnter: 'open the address that was printed',
    page: () => Promise.resolve(assembled({ script: 'const a = "</script>";', style: 'body{}' })),
    clock: new ManualClock(),
    log: quietLog(),
    ...options,
  });
  open.push(server);
  return server.port;
}

interface Asked {
  readonly port?: number;
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** As no browser lets a page ask: any Host, any Origin. */
function ask({ port = local, method = 'GET', path, headers = {}, body }: Asked) {
  return new Promise<{ status: number; headers: NodeJS.Dict<string | string[]>; text: string }>((resolve, reject) => {
    const call = request({ host: '127.0.0.1', port, method, path, headers, agent: false }, (response) => {
      let text = '';
      response.on('data', (chunk) => (text += String(chunk)));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
    });
    call.on('error', reject);
    call.end(body);
  });
}

const bearer = { authorization: `Bearer ${token}` };
const json = { ...bearer, 'content-type': 'application/json' };
const sending = { method: 'POST', path: '/data/workers/shop/w/send', body: '{"data":"{}"}' };

describe('the page', () => {
  test('is one file that runs its own script alone, is kept nowhere and framed by nobody', async () => {
    const { status, headers, text } = await ask({ path: '/' });
    expect(status).toBe(200);
    expect(headers).toMatchObject({
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'x-frame-options': 'DENY',
      'content-type': 'text/html; charset=utf-8',
    });
    const policy = String(headers['content-security-policy']);
    expect(policy).toMatch(
      /^default-src 'none'; script-src 'sha256-[^' ]+'; style-src 'sha256-[^' ]+'; connect-src 'self'/,
    );
    expect(policy).not.toContain('unsafe');
    expect(text.match(/<\/script>/g)).toHaveLength(1);
  });

  test('gives data to nobody without the token, whatever else is shown', async () => {
    for (
      const headers of [{}, { authorization: 'Bearer wrong' }, { authorization: token }, { cookie: `token=${token}` }]
    ) {
      for (const path of ['/data/overview', `/data/overview?token=${token}`, '/data/workers/shop/w/dead']) {
        const answer = await ask({ path, headers });
        expect([answer.status, answer.text]).toEqual([401, '{"error":"open the address that was printed"}']);
      }
    }
    expect((await ask({ path: '/data/overview?q=a%20b', headers: bearer })).text).toContain('"problems":["a b"]');
    expect((await ask({ path: '/data/workers/shop/a%2Fb', headers: bearer })).text).toContain('shop/a/b');
  });

  test('says that a worker or a path is not there, and breaks on none', async () => {
    for (const [path, status] of [['/favicon.ico', 404], ['/data/nothing', 404], ['/data/%zz', 400]] as const) {
      const answer = await ask({ path, headers: bearer });
      expect([path, answer.status, answer.headers['content-type']]).toEqual([
        path,
        status,
        'application/json; charset=utf-8',
      ]);
    }
  });
});

describe('another site', () => {
  test('gets nothing under a name that was made to lead here', async () => {
    for (const host of ['evil.example', `evil.example:${local}`, 'localhost.evil.example']) {
      for (const path of ['/', '/data/overview']) {
        expect(await ask({ path, headers: { ...bearer, host } })).toMatchObject({ status: 403 });
      }
    }
    expect(await ask({ path: '/data/overview', headers: { ...bearer, host: `localhost:${local}` } })).toMatchObject({
      status: 200,
    });
  });

  test('has nothing done by a request that a browser says is its own', async () => {
    done.length = 0;
    for (
      const foreign of [
        { origin: 'https://evil.example' },
        { origin: 'null' },
        { origin: `http://127.0.0.1:${local + 1}` },
        { 'sec-fetch-site': 'cross-site' },
        { 'sec-fetch-site': 'same-site' }, // another port of this machine
      ]
    ) {
      expect(await ask({ ...sending, headers: { ...json, ...foreign } })).toMatchObject({ status: 403 });
    }
    expect(done).toEqual([]);
  });

  test('has nothing done by its form, which can send neither JSON nor a header', async () => {
    done.length = 0;
    for (const type of ['application/x-www-form-urlencoded', 'text/plain', 'multipart/form-data; boundary=x']) {
      const form = { 'content-type': type };
      expect((await ask({ ...sending, headers: form })).status).toBe(401);
      expect((await ask({ ...sending, headers: { ...form, ...bearer } })).status).toBe(415);
    }
    expect((await ask({ ...sending, headers: { 'content-type': 'application/json' } })).status).toBe(401);
    expect(done).toEqual([]);
  });

  test('is told by no answer that it may ask', async () => {
    const answer = await ask({ path: sending.path, method: 'OPTIONS', headers: { origin: 'https://evil.example' } });
    expect(answer.status).toBe(403);
    expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
  });
});

describe('on this machine', () => {
  test('a request is sent as it was written, and its reply is data and no page', async () => {
    done.length = 0;
    const body = JSON.stringify({ data: '{"html":"<img src=x>"}', timeoutSeconds: 5 });
    const answer = await ask({ ...sending, body, headers: { ...json, origin: `http://127.0.0.1:${local}` } });
    expect(done).toEqual([['shop/w', { data: '{"html":"<img src=x>"}', timeoutSeconds: 5 }]]);
    expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
    expect(answer.headers['content-security-policy']).toContain("default-src 'none'");
    expect(JSON.parse(answer.text)).toMatchObject({ reply: '<script>alert(1)</script>' });
  });

  test('what is no request is refused with a sentence', async () => {
    for (
      const [body, status] of [['', 400], ['{', 400], ['{"data":"{"}', 400], ['{"timeoutSeconds":1e9}', 400]] as const
    ) {
      expect(await ask({ ...sending, body, headers: json })).toMatchObject({
        status,
        text: expect.stringContaining('error') as string,
      });
    }
    expect((await ask({ ...sending, body: `"${'x'.repeat(1024 * 1024)}"`, headers: json })).status).toBe(413);
  });

  test('a dead letter is replayed by its id', async () => {
    done.length = 0;
    const at = (id: string) => ({
      method: 'POST',
      path: `/data/workers/shop/w/dead/${id}/replay`,
      headers: json,
      body: '{}',
    });
    expect((await ask(at('1700000000000-0'))).status).toBe(200);
    expect((await ask(at('all'))).status).toBe(404);
    expect(done).toEqual([['shop/w', '1700000000000-0']]);
  });
});

test('where it only shows, nothing can be sent or replayed', async () => {
  for (const path of [sending.path, '/data/workers/shop/w/dead/1-1/replay']) {
    expect(await ask({ port: readOnly, method: 'POST', path, headers: json, body: '{}' })).toMatchObject({
      status: 405,
    });
  }
  expect(await ask({ port: readOnly, path: '/data/overview', headers: { host: 'any.example', ...bearer } }))
    .toMatchObject({
      status: 200,
    });
  expect((await ask({ port: readOnly, path: '/data/overview' })).text).toContain('nonResourceURL /page');
});
