/** `redisworker page`: the API server is played, and forwards ports to pages of real operators' making, one of which leads. */
import { writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { request } from 'node:http';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { systemClock } from '../../operator/clock.ts';
import type { Review } from '../../operator/cluster/kubernetes/index.ts';
import type { HttpServer } from '../../operator/observability/listen.ts';
import type { Operator } from '../../operator/operator.ts';
import { liveWorker } from '../../operator/page/live-worker.ts';
import type { Overview } from '../../operator/page/model.ts';
import { openPagePort } from '../../operator/page-port.ts';
import {
  answer,
  answerStatus,
  type FaultApiServer,
  firstToken,
  startFaultApiServer,
} from '../support/fault-api-server.ts';
import { quietLog } from '../support/quiet-log.ts';
import { whileShown } from '../support/shown-page.ts';

const worker = {
  apiVersion: 'redisworker.dev/v1alpha1',
  kind: 'RedisWorker',
  metadata: { name: 'resize', namespace: 'shop', uid: 'u' },
  spec: {},
};
const operator: Operator = {
  started: Promise.resolve(),
  isStarted: () => true,
  workers: () => [liveWorker(worker, undefined)],
  redisOf: () => undefined,
  stop: () => Promise.resolve(),
};

const reviews: Record<string, Review> = {
  [firstToken]: { kind: 'Allowed' },
  'of-the-account': { kind: 'Allowed' },
  'of-ada': { kind: 'Forbidden', user: 'ada' },
};

let server: FaultApiServer;
const pages: HttpServer[] = [];
let leader: number;
let mayForward: boolean;
const shown: string[] = [];

beforeAll(async () => {
  server = await startFaultApiServer();
  for (const at of [0, 1]) {
    pages.push(
      await openPagePort({ address: '127.0.0.1', port: 0, identity: 'SelfSigned' }, {
        operator: () => leader === at ? operator : undefined,
        review(token) {
          shown.push(token);
          return Promise.resolve(reviews[token] ?? { kind: 'Unauthenticated' });
        },
        clock: systemClock,
        log: quietLog(),
      }),
    );
  }
  server.behave(({ path }, response) => {
    const items = pages.map(({ port }, at) => ({
      metadata: { name: `op-${at}`, namespace: 'system' },
      spec: { containers: [{ name: 'operator', args: [`--page=0.0.0.0:${port}`] }] },
      status: { conditions: [{ type: 'Ready', status: 'True' }] },
    }));
    if (path.endsWith('/serviceaccounts/viewer/token')) {
      const status = { token: 'of-the-account', expirationTimestamp: new Date(Date.now() + 3_600_000).toISOString() };
      answer(response, 201, { status });
    } else if (path === '/api/v1/namespaces/system/pods') {
      answer(response, 200, { metadata: { resourceVersion: '1' }, items });
    } else if (path === '/api/v1/namespaces/closed/pods') answerStatus(response, 403, 'Forbidden', 'no');
    else answer(response, 200, { metadata: { resourceVersion: '1' }, items: [] });
  });
  server.upgrade((incoming, socket) => {
    const url = new URL(incoming.url!, 'http://api');
    const body = JSON.stringify({ kind: 'Status', message: 'not you' });
    if (!mayForward) return void socket.end(`HTTP/1.1 403 Forbidden\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
    socket.write(
      'HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-protocol: v4.channel.k8s.io\r\n\r\n',
    );
    forward(Number(url.searchParams.get('ports')), socket);
  });
});
afterAll(() => Promise.all([server.stop(), ...pages.map((page) => page.close())]));
beforeEach(() => {
  vi.stubEnv('KUBECONFIG', server.kubeconfigPath);
  [leader, mayForward, shown.length] = [1, true, 0];
});
afterEach(() => vi.unstubAllEnvs());

/** As a kubelet does: the number of the port on both channels, then what the port says. */
function forward(port: number, socket: Duplex): void {
  const say = (channel: number, bytes: Uint8Array): void => {
    const payload = Buffer.concat([Buffer.from([channel]), bytes]);
    const { length } = payload;
    const head = length < 126 ? [0x82, length] : [0x82, 126, length >> 8, length & 255];
    socket.write(Buffer.concat([Buffer.from(head), payload]));
  };
  const number = Buffer.from([port & 255, port >> 8]);
  say(0, number);
  say(1, number);
  const target = connect(port, '127.0.0.1');
  let unread = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    unread = Buffer.concat([unread, chunk]);
    for (let frame = firstFrame(unread); frame !== undefined; frame = firstFrame(unread)) {
      unread = unread.subarray(frame.size);
      if (frame.isData) target.write(frame.payload.subarray(1));
    }
  });
  target.on('data', (chunk) => {
    for (let at = 0; at < chunk.length; at += 32_768) say(0, chunk.subarray(at, at + 32_768));
  });
  target.on('close', () => socket.destroy());
  target.on('error', (error) => say(1, Buffer.from(error.message)));
  socket.on('close', () => target.destroy());
  socket.on('error', () => undefined);
}

/** What a client masked; frames here are shorter than 64 KiB. */
function firstFrame(bytes: Buffer): { size: number; isData: boolean; payload: Buffer } | undefined {
  const short = (bytes[1] ?? 0) & 127;
  const head = short === 126 ? 4 : 2;
  if (bytes.length < head) return undefined;
  const length = short === 126 ? bytes.readUInt16BE(2) : short;
  const size = head + 4 + length;
  if (bytes.length < size) return undefined;
  const mask = bytes.subarray(head, head + 4);
  const payload = Buffer.from(bytes.subarray(head + 4, size).map((byte, at) => byte ^ mask[at % 4]!));
  return { size, isData: (bytes[0]! & 15) === 2, payload };
}

const words = ['--operator-namespace', 'system', '--port', '0'];

test('shows what the replica that leads tells, and follows the lead to another one', async () => {
  const { code, out } = await whileShown(words, async (address, token) => {
    const headers = { authorization: `Bearer ${token}` };
    const overview = async () => await (await fetch(`${address}data/overview`, { headers })).json() as Overview;
    expect(await overview()).toMatchObject({ mode: 'Cluster', rows: [{ namespace: 'shop', name: 'resize' }] });
    const page = await fetch(address);
    expect(await page.text()).toContain('<script type="module">');
    expect(page.headers.get('content-security-policy')).toMatch(/^default-src 'none'; script-src 'sha256-/);
    const depth = await fetch(`${address}data/workers/shop/resize`, { headers });
    expect(await depth.json()).toMatchObject({ row: { name: 'resize' } });
    const dead = await fetch(`${address}data/workers/shop/resize/dead`, { headers });
    expect([dead.status, await dead.text()]).toEqual([
      503,
      expect.stringContaining('the Redis of shop/resize is not read'),
    ]);
    leader = 0;
    expect(await overview()).toMatchObject({ rows: [{ name: 'resize' }] });
    leader = 2;
    const none = await fetch(`${address}data/overview`, { headers });
    expect([none.status, await none.text()]).toEqual([503, expect.stringContaining('this replica stands by')]);
  });
  expect([code, out]).toEqual([0, expect.stringContaining('the status page of the operator in the namespace system')]);
  expect(new Set(shown)).toEqual(new Set([firstToken]));
});

test('gives nothing without the token it printed, to another site, or to who would have something done', async () => {
  await whileShown(words, async (address, token) => {
    const at = new URL('data/overview', address);
    const ask = (headers: Record<string, string>, method = 'GET', path = at.pathname) =>
      new Promise<number | undefined>((resolve, reject) => {
        const asked = { host: at.hostname, port: at.port, path, method, headers };
        request(asked, (response) => resolve(response.resume().statusCode)).on('error', reject).end();
      });
    const authorization = `Bearer ${token}`;
    expect(await ask({})).toBe(401);
    expect(await ask({ authorization: `Bearer ${firstToken}` })).toBe(401);
    expect(await ask({ authorization, host: 'evil.example' })).toBe(403);
    expect(await ask({ authorization, origin: 'https://evil.example' })).toBe(403);
    const json = { authorization, 'content-type': 'application/json' };
    for (const what of ['send', 'dead/1-1/replay']) {
      expect(await ask(json, 'POST', `/data/workers/shop/resize/${what}`)).toBe(405);
    }
    expect(await ask({ authorization })).toBe(200);
  });
});

test('shows a token of a ServiceAccount where one is named', async () => {
  const { code } = await whileShown([...words, '--service-account', 'viewer']);
  expect([code, ...new Set(shown)]).toEqual([0, 'of-the-account']);
});

test('prints no address to whoever may not see the page, and says what they lack', async () => {
  await writeFile(server.tokenPath, 'of-ada');
  expect(await whileShown(words)).toMatchObject({
    code: 1,
    out: '',
    err: expect.stringContaining('ada may not see this: grant it the verb get on the nonResourceURL /page') as string,
  });
  await writeFile(server.tokenPath, 'of-nobody');
  expect((await whileShown(words)).err).toContain('log in to the cluster again');
  await writeFile(server.tokenPath, firstToken);
  mayForward = false;
  expect((await whileShown(words)).err).toContain('it takes the rights to get and to create pods/portforward there');
  const elsewhere = (namespace: string) => whileShown(['--operator-namespace', namespace]);
  expect((await elsewhere('closed')).err).toContain('you may not list the pods of the namespace closed');
  expect((await elsewhere('empty')).err).toContain('no pod of an operator is ready in the namespace empty');
  expect(await whileShown([])).toMatchObject({ code: 2 });
});
