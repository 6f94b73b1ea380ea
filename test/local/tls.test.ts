/** Workers on a Redis that speaks TLS alone to those it knows, while its certificates and theirs are replaced. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { main } from '../../cli/main.ts';
import type { KubeObject } from '../../operator/cluster/cluster.ts';
import { type DefaultRedisTls, defaultRedisTls } from '../../operator/default-redis-tls.ts';
import { withSpec, worker } from '../support/gen.ts';
import { testIo } from '../support/io.ts';
import { startTestOperator, type TestOperator } from '../support/local-operator.ts';
import { freePort } from '../support/processes.ts';
import { knowsTls, noTls, startRedis, type TestRedis } from '../support/redis.ts';
import { ask } from '../support/requests.ts';
import { serverName, type Signed, signedBy } from '../support/tls/certificates.ts';
import { eventually } from '../support/wait.ts';

const dir = mkdtempSync(join(tmpdir(), 'redisworker-test-'));
let redis: TestRedis;
let operator: TestOperator;
let url: string;
let old: Signed;
let fresh: Signed;

const cleanups: (() => Promise<void>)[] = [];

beforeAll(async () => {
  if (!await knowsTls()) return;
  const port = await freePort();
  const redisUrl = `rediss://localhost:${port}`;
  url = `rediss://127.0.0.1:${port}`;
  [old, fresh] = await Promise.all([
    signedBy(dir, 'old', ['DNS:localhost']),
    signedBy(dir, 'fresh', ['DNS:localhost']),
  ]);
  [redis, operator] = await Promise.all([
    startRedis(old.serverArgs(port, 'yes')),
    startTestOperator({ redisUrl, redisTls: install(old) }),
  ]);
  cleanups.push(() => operator.stop(), () => redis.stop());
});
afterAll(async () => {
  for (const clean of cleanups) await clean();
  rmSync(dir, { recursive: true });
});

const files = { caFile: join(dir, 'ca'), certFile: join(dir, 'crt'), keyFile: join(dir, 'key') };

/** Puts the files of the operator's own Redis in place. */
function install({ ca, client }: Signed): DefaultRedisTls {
  writeFileSync(files.caFile, ca);
  writeFileSync(files.certFile, client.cert);
  writeFileSync(files.keyFile, client.key);
  return defaultRedisTls(files, 50);
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const secret = (name: string, type: string, data: Record<string, string>): Promise<KubeObject> =>
  operator.cluster.apply(
    { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace: 'default' }, type, data },
    'user',
  );
const trust = ({ ca }: Signed) => secret('authority', 'Opaque', { 'ca.crt': base64(ca) });
const identify = ({ client: { cert, key } }: Signed) =>
  secret('identity', 'kubernetes.io/tls', { 'tls.crt': base64(cert), 'tls.key': base64(key) });

const tls = {
  caSecretRef: { name: 'authority', key: 'ca.crt' },
  certSecretRef: { name: 'identity' },
  serverName,
  minVersion: '1.3',
};
const start = (name: string, spec: Record<string, unknown>) =>
  operator.cluster.apply(worker(name, withSpec({ redis: { url, tls }, ...spec })), 'user');

const echo = 'export default ({ data }) => data';

/** A program that leaves a mark in the Redis it is given, and stays. */
const marks = `
  const redis = await Deno.connect({ port: 6379 });
  await redis.write(new TextEncoder().encode('*3\\r\\n$5\\r\\nRPUSH\\r\\n$5\\r\\nmarks\\r\\n$1\\r\\n1\\r\\n'));
  await redis.read(new Uint8Array(64));
  setInterval(() => {}, 1000);
`;

const podsOf = async (name: string): Promise<(string | undefined)[]> =>
  (await operator.pods(name)).map(({ metadata }) => metadata.uid);
const marked = () => eventually('the script has reached Redis', () => redis.client.lpop('marks'));

/** Runs a command of the command line to its end. */
async function run(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  const io = testIo({ environment: { runtimeFolder: dir } });
  const code = await main(argv, io);
  return { code, out: io.printed.join('\n'), err: io.failures.join('\n') };
}

/** The options of a command for a server of `one`, dialled by its address. */
const optionsFor = (one: Signed): string[] => [
  ...['--redis', url, '--redis-ca-file', one.file('ca.crt'), '--redis-server-name', serverName],
  ...['--redis-cert-file', one.file('client.crt'), '--redis-key-file', one.file('client.key')],
];

test('commands show the certificate and check the one they are told to', async ({ skip }) => {
  if (!await knowsTls()) return skip(noTls);
  expect(await run('dead', 'list', 'nobody', ...optionsFor(old))).toEqual({
    code: 0,
    out: '',
    err: 'there is no dead letter on nobody:dead:x',
  });
  const failing: readonly (readonly [options: readonly string[], code: number, sentence: string | RegExp])[] = [
    [['--redis', url], 1, 'does not pass the TLS check: SELF_SIGNED_CERT_IN_CHAIN; give the CA'],
    [optionsFor(old).slice(0, 4), 1, 'ERR_TLS_CERT_ALTNAME_INVALID; give the CA'],
    // The server may hang up before what it says is read.
    [optionsFor(old).slice(0, 6), 1, /ALERT_CERTIFICATE_REQUIRED; give the CA|hangs up: .* asks for a certificate/],
    [optionsFor(fresh), 1, 'SELF_SIGNED_CERT_IN_CHAIN; give the CA'],
    [['--redis', url.replace('rediss', 'redis')], 1, 'hangs up: check whether it speaks TLS there (rediss://)'],
    [['--redis', redis.url, '--redis-server-name', 'x'], 2, 'they need --redis with rediss://'],
    [[...optionsFor(old).slice(0, 6), '--redis-cert-file', old.file('client.crt')], 2, 'give both or none'],
    [['--redis', url, '--redis-ca-file', '/nowhere'], 2, '--redis-ca-file: /nowhere cannot be read: ENOENT'],
    [
      ['--redis', url, '--redis-ca-file', old.file('ca.key')],
      2,
      `--redis-ca-file: ${old.file('ca.key')} holds no certificate in PEM`,
    ],
    [
      [...optionsFor(old).slice(0, 8), '--redis-key-file', fresh.file('client.key')],
      2,
      `--redis-key-file: ${fresh.file('client.key')} holds the key of another certificate`,
    ],
  ];
  for (const [options, code, sentence] of failing) {
    const ended = await run('dead', 'list', 'nobody', ...options);
    expect(ended.err).toMatch(sentence);
    expect(ended.err.split('\n')).toHaveLength(1);
    expect(ended.code).toBe(code);
    expect(ended.err).not.toContain('PRIVATE KEY');
  }
});

test('a session runs its workers over TLS, and send finds its certificates by itself', async ({ skip }) => {
  if (!await knowsTls()) return skip(noTls);
  const manifest = join(dir, 'worker.yaml');
  writeFileSync(manifest, JSON.stringify(worker('at-home', withSpec({ source: { inline: echo } }))));
  const session = ['--name', `tls-${process.pid}`];
  const { promise: stopped, resolve: stop } = Promise.withResolvers<undefined>();
  const io = testIo({ environment: { runtimeFolder: dir }, interrupted: () => stopped });
  const up = main(['up', manifest, ...optionsFor(old), ...session], io);
  await eventually('the worker is ready', () => io.printed.some((line) => line.startsWith('✓ at-home is ready')));
  const { code, out, err } = await run('send', 'at-home', '"hello"', ...session);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(JSON.parse(out)).toMatchObject({ code: 200, data: 'hello' });
  stop(undefined);
  expect(await up).toBe(0);
});

test('a Handler and a Script run over mutual TLS, and go on when every certificate is replaced', async ({ skip }) => {
  if (!await knowsTls()) return skip(noTls);
  await start('handled', { source: { inline: echo } });
  expect(await operator.told('handled', 'RedisReachable', 'False', 'SecretNotFound')).toContain('"authority"');
  await trust(fresh);
  await eventually(
    'it asks for both files',
    async () =>
      (await operator.told('handled', 'RedisReachable', 'False', 'SecretNotFound')).includes(
        'with the key "tls.crt" and the key "tls.key"',
      ),
  );
  await identify({ ...old, client: { ...old.client, key: fresh.client.key } });
  expect(await operator.told('handled', 'RedisReachable', 'False', 'InvalidCertificate')).toBe(
    'key "tls.key" of Secret "identity" of spec.redis.tls.certSecretRef holds the key of another certificate: replace it',
  );
  await identify(old);
  expect(await operator.told('handled', 'RedisReachable', 'False', 'RedisTLSFailed')).toContain(
    'does not pass the TLS check: SELF_SIGNED_CERT_IN_CHAIN; give the CA',
  );
  await trust(old);
  await start('scripted', { runtime: 'Script', source: { inline: marks } });
  await operator.cluster.apply(worker('common', withSpec({ source: { inline: echo } })), 'user');
  await operator.told('handled', 'Ready', 'True');
  await operator.told('common', 'Ready', 'True');
  await marked();
  const handlers = ['handled', 'common'];
  for (const name of handlers) expect((await ask(redis.client, name, 'before')).data).toBe('before');
  const before = (await Promise.all(handlers.map(podsOf))).flat();

  await redis.client.call(
    'CONFIG',
    'SET',
    ...['tls-cert-file', fresh.file('server.crt'), 'tls-key-file', fresh.file('server.key')],
    ...['tls-ca-cert-file', fresh.file('ca.crt')],
  );
  await trust(fresh);
  await identify(fresh);
  install(fresh);
  await marked();
  for (const name of handlers) {
    await eventually(`the pod of ${name} is another one`, async () => {
      const after = await podsOf(name);
      return after.length === 1 && !before.includes(after[0]);
    });
    await operator.told(name, 'Ready', 'True');
    await operator.told(name, 'RedisReachable', 'True');
    expect((await ask(redis.client, name, 'after')).data).toBe('after');
  }
  expect(operator.output()).not.toContain('PRIVATE KEY');
});
