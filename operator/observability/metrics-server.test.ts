import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TLSSocket } from 'node:tls';
import { afterAll, afterEach, expect, test } from 'vitest';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { quietLog } from '../../test/support/quiet-log.ts';
import { followedFiles, unchanging } from '../followed-files.ts';
import { readIdentity } from '../identity-files.ts';
import type { HttpServer } from './http.ts';
import { createMetrics } from './metrics.ts';
import type { Guard } from './metrics-guard.ts';
import { type MetricsServerOptions, startMetricsServer } from './metrics-server.ts';
import { selfSigned } from './self-signed.ts';

const open: HttpServer[] = [];
const folder = mkdtempSync(join(tmpdir(), 'redisworker-metrics-'));
afterEach(() => Promise.all(open.splice(0).map((server) => server.close())));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const clock = new ManualClock();
const identity = () => selfSigned(['localhost'], Date.now());

async function serve(options: Partial<MetricsServerOptions>): Promise<number> {
  const server = await startMetricsServer({
    address: '127.0.0.1',
    port: 0,
    metrics: createMetrics(),
    clock,
    log: quietLog(),
    ...options,
  });
  open.push(server);
  return server.port;
}

/** Status, body, and the certificate that was shown. */
function get(port: number, token?: string): Promise<{ status?: number; body: string; fingerprint: string }> {
  return new Promise((resolve, reject) => {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const path = '/metrics';
    request({ host: '127.0.0.1', port, path, headers, rejectUnauthorized: false, agent: false }, (response) => {
      let body = '';
      const { socket } = response;
      const fingerprint = socket instanceof TLSSocket ? socket.getPeerCertificate().fingerprint256 : 'none';
      response.on('data', (chunk) => (body += String(chunk)));
      response.on('end', () => resolve({ status: response.statusCode!, body, fingerprint }));
    }).on('error', reject).end();
  });
}

test('answers over plain HTTP without a certificate, and nothing but metrics', async () => {
  const port = await serve({});
  const answer = await fetch(`http://127.0.0.1:${port}/metrics`);
  expect([answer.status, answer.headers.get('content-type')]).toEqual([
    200,
    expect.stringContaining('text/plain; version='),
  ]);
  expect(await answer.text()).toContain('redisworker_build_info{version="');
  expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(404);
  expect((await fetch(`http://127.0.0.1:${port}/metrics`, { method: 'POST' })).status).toBe(405);
});

test('lets in those alone whom the guard knows, and tells the others what they lack', async () => {
  const guard: Guard = (header) => {
    if (header === 'Bearer good') return Promise.resolve({ kind: 'Allowed' });
    if (header === 'Bearer other') return Promise.resolve({ kind: 'Forbidden', user: 'ada' });
    return Promise.resolve(header ? { kind: 'Unknown', why: 'no answer' } : { kind: 'Unauthenticated' });
  };
  const port = await serve({ identity: unchanging(identity()), guard });
  expect(await get(port)).toMatchObject({
    status: 401,
    body: expect.stringContaining('Authorization: Bearer') as string,
  });
  expect(await get(port, 'other')).toMatchObject({
    status: 403,
    body: 'ada may not read this: grant it the verb get on the nonResourceURL /metrics\n',
  });
  expect(await get(port, 'bad')).toMatchObject({ status: 503, body: 'who asks cannot be found out: no answer\n' });
  expect(await get(port, 'good')).toMatchObject({
    status: 200,
    body: expect.stringContaining('process_cpu') as string,
  });
});

test('shows a new certificate when its files are replaced, and the old one while they cannot be used', async () => {
  const [cert, key] = [join(folder, 'tls.crt'), join(folder, 'tls.key')];
  const write = (pair: { cert: string; key: string }) => {
    writeFileSync(cert, pair.cert);
    writeFileSync(key, pair.key);
  };
  write(identity());
  const port = await serve({
    identity: followedFiles(() => readIdentity(cert, key, { cert: '--metrics-cert-file', key: '--metrics-key-file' })),
  });
  const first = (await get(port)).fingerprint;
  write({ ...identity(), key: identity().key });
  await clock.advance(10_000);
  expect((await get(port)).fingerprint).toBe(first);
  write(identity());
  await clock.advance(10_000);
  expect((await get(port)).fingerprint).not.toBe(first);
});
