/** TLS to a Redis: each setting means the same to the operator and to a worker. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RedisTls } from '../../contract/redis-tls.ts';
import { defaultRedisPassword } from '../../operator/default-redis-password.ts';
import { defaultRedisTls } from '../../operator/default-redis-tls.ts';
import { authorityProblem, pairProblem } from '../../operator/redis/certificates.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { freePort, start } from '../support/processes.ts';
import { knowsTls, noTls, startRedis, type TestRedis } from '../support/redis.ts';
import { serverName, type Signed, signedBy } from '../support/tls/certificates.ts';
import type { Dial } from '../support/tls/dial.ts';

const root = join(import.meta.dirname, '../..');
const dir = mkdtempSync(join(tmpdir(), 'redisworker-test-'));
const servers: TestRedis[] = [];
let ours: Signed;
let theirs: Signed;

beforeAll(async () => {
  [ours, theirs] = await Promise.all([signedBy(dir, 'ours'), signedBy(dir, 'theirs')]);
});
afterAll(async () => {
  await Promise.all(servers.map((server) => server.stop()));
  rmSync(dir, { recursive: true });
});

/** @returns the port of TLS */
async function serve(signed: Signed, clients: 'yes' | 'no', more: readonly string[] = []): Promise<number> {
  const port = await freePort();
  servers.push(await startRedis([...signed.serverArgs(port, clients), ...more]));
  return port;
}

/** Both sides trust the authority of the others as their system's. */
async function answers(dials: readonly Dial[]): Promise<{ operator: string[]; worker: string[] }> {
  const system = { PATH: process.env['PATH'], HOME: process.env['HOME'] };
  const asked = JSON.stringify(dials);
  const file = theirs.file('ca.crt');
  const operator = start(process.execPath, [join(root, 'test/support/tls/dial.ts'), asked], {
    env: { ...system, NODE_EXTRA_CA_CERTS: file },
  });
  const worker = start(
    join(root, 'node_modules/.bin/deno'),
    [
      'run',
      '--no-prompt',
      '--no-config',
      '--no-lock',
      '--no-remote',
      '--allow-net=127.0.0.1',
      join(root, 'worker/testing/dial-tls.ts'),
      asked,
    ],
    { env: { ...system, DENO_CERT: file } },
  );
  const [said, told] = await Promise.all([operator, worker].map(async (process) => {
    await process.ended;
    const line = process.output().split('\n').find((one) => one.startsWith('['));
    if (line === undefined) throw new Error(process.output());
    return JSON.parse(line) as string[];
  }));
  return { operator: said ?? [], worker: told ?? [] };
}

test('every setting of TLS opens and refuses the same on both sides', async ({ skip }) => {
  if (!await knowsTls()) return skip(noTls);
  const [open, strict, foreign] = await Promise.all([
    serve(ours, 'no', ['--tls-protocols', 'TLSv1.2']),
    serve(ours, 'yes'),
    serve(theirs, 'no'),
  ]);
  const plain = { ca: ours.ca, serverName };
  const cases: readonly (readonly [what: string, port: number, tls: RedisTls, answer: string])[] = [
    ['the right authority and name', open, plain, 'PONG'],
    ['one of two authorities', open, { ...plain, ca: theirs.ca + ours.ca }, 'PONG'],
    ['no authority, where the system knows none', open, { serverName }, 'SELF_SIGNED_CERT_IN_CHAIN'],
    ['no authority, where the system knows it', foreign, { serverName }, 'PONG'],
    ['another authority, though the system knows it', foreign, plain, 'SELF_SIGNED_CERT_IN_CHAIN'],
    ['no name', open, { ca: ours.ca }, 'ERR_TLS_CERT_ALTNAME_INVALID'],
    ['another name', open, { ...plain, serverName: 'other.test' }, 'ERR_TLS_CERT_ALTNAME_INVALID'],
    ['an older version than allowed', open, { ...plain, minVersion: '1.3' }, 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION'],
    ['the lowest version', open, { ...plain, minVersion: '1.2' }, 'PONG'],
    ['a certificate', strict, { ...plain, client: ours.client, minVersion: '1.3' }, 'PONG'],
    ['no certificate', strict, plain, 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED'],
    ['a certificate of others', strict, { ...plain, client: theirs.client }, 'ERR_SSL_TLSV1_ALERT_UNKNOWN_CA'],
  ];
  const { operator, worker } = await answers(cases.map(([, port, tls]) => ({ port, tls })));
  const expected = cases.map(([what, port, , answer]) =>
    `${what}: ${
      answer === 'PONG' ? answer : `Redis at 127.0.0.1:${port} does not pass the TLS check: ${answer}; give the CA`
    }`
  );
  const brief = (said: readonly string[]): string[] =>
    cases.map(([what], at) => `${what}: ${said[at]?.replace(/(; give the CA).*$/, '$1')}`);
  expect({ operator: brief(operator), worker: brief(worker) }).toEqual({ operator: expected, worker: expected });
});

test('a certificate that cannot be used is told before anything is dialled, and not quoted', () => {
  const { ca, client } = ours;
  const unreadable = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----';
  for (const right of [authorityProblem(ca), authorityProblem(ca + theirs.ca), pairProblem(client)]) {
    expect(right).toBeUndefined();
  }
  for (const pem of ['', 'canary', client.key, unreadable, ca + unreadable]) {
    expect(authorityProblem(pem)).toBe('holds no certificate in PEM, or one that cannot be read');
  }
  expect(pairProblem({ ...client, cert: 'canary' })?.part).toBe('cert');
  expect(pairProblem({ ...client, key: 'canary' })).toEqual({
    part: 'key',
    problem: 'holds no private key in PEM that opens without a passphrase',
  });
  expect(pairProblem({ ...client, key: theirs.client.key })).toEqual({
    part: 'key',
    problem: 'holds the key of another certificate',
  });
});

test('the certificates of the default Redis are followed in their files, and the last good ones are kept', async () => {
  const [caFile, certFile, keyFile] = [join(dir, 'ca'), join(dir, 'cert'), join(dir, 'key')];
  const write = ({ ca, client }: Pick<Signed, 'ca' | 'client'>): void => {
    writeFileSync(caFile, ca);
    writeFileSync(certFile, client.cert);
    writeFileSync(keyFile, client.key);
  };
  write(ours);
  const files = defaultRedisTls({ caFile, certFile, keyFile });
  const clock = new ManualClock();
  const told: string[] = [];
  const follower = files.follow(clock, {
    changed: () => told.push('changed'),
    problem: (sentence) => told.push(sentence),
  });
  const look = (): Promise<void> => clock.advance(10_000);
  await look();
  writeFileSync(keyFile, theirs.client.key);
  await look();
  await look();
  expect(files.current()).toEqual({ ca: ours.ca, client: ours.client });
  write(theirs);
  await look();
  await look();
  expect(files.current()).toEqual({ ca: theirs.ca, client: theirs.client });
  expect(told).toEqual([`--redis-key-file: ${keyFile} holds the key of another certificate`, 'changed']);
  follower.stop();
  expect(() => defaultRedisTls({ certFile })).toThrow('give both or none');
  expect(() => defaultRedisTls({ caFile: '/nowhere' })).toThrow('--redis-ca-file: /nowhere cannot be read: ENOENT');
  expect(defaultRedisTls({ serverName }).current()).toEqual({ serverName });
});

test('the password of the default Redis is followed in its file, and the last one is kept', async () => {
  const file = join(dir, 'password');
  writeFileSync(file, 'first \n');
  const password = defaultRedisPassword('--redis-password-file', file);
  const clock = new ManualClock();
  const told: string[] = [];
  const follower = password.follow(clock, {
    changed: () => told.push('changed'),
    problem: (sentence) => told.push(sentence),
  });
  expect(password.current()).toBe('first ');
  writeFileSync(file, '');
  await clock.advance(10_000);
  await clock.advance(10_000);
  expect(password.current()).toBe('first ');
  writeFileSync(file, 'second');
  await clock.advance(10_000);
  expect(password.current()).toBe('second');
  rmSync(file);
  await clock.advance(10_000);
  expect(password.current()).toBe('second');
  expect(told).toEqual([
    `--redis-password-file: ${file} is empty`,
    'changed',
    expect.stringContaining(`--redis-password-file: ${file} cannot be read: ENOENT`),
  ]);
  follower.stop();
});
