import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { readClusterConfig } from './config.ts';

let dir: string;
let file: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'redisworker-config-'));
  file = join(dir, 'config');
});
afterEach(() => rm(dir, { recursive: true, force: true }));

function write(cluster: object, user: object = {}, current = 'c'): Promise<void> {
  return writeFile(
    file,
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': current,
      clusters: [{ name: 'k', cluster }],
      users: [{ name: 'u', user }],
      contexts: [{ name: 'c', context: { cluster: 'k', user: 'u', namespace: 'here' } }],
    }),
  );
}

it('reads server, namespace, keys and headers', async () => {
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  await write({
    server: 'https://k.test:6443/',
    'certificate-authority-data': base64('CA'),
    'tls-server-name': 'inside',
  }, { token: 't', 'client-certificate-data': base64('CERT'), 'client-key-data': base64('KEY') });
  const config = readClusterConfig(file);
  expect(config).toMatchObject({ server: 'https://k.test:6443', namespace: 'here' });
  const { tls, headers } = await config.credentials();
  expect({ ...tls, ca: String(tls.ca), cert: String(tls.cert), key: String(tls.key) }).toEqual({
    ca: 'CA',
    cert: 'CERT',
    key: 'KEY',
    servername: 'inside',
  });
  expect(headers).toEqual({ authorization: 'Bearer t' });
});

it('reads a changed file only when the old credentials were refused', async () => {
  await write({ server: 'https://k.test' }, { token: 'one' });
  const config = readClusterConfig(file);
  await write({ server: 'https://k.test' }, { token: 'two' });
  expect((await config.credentials()).headers['authorization']).toBe('Bearer one');
  expect((await config.credentials(true)).headers['authorization']).toBe('Bearer two');
});

it('says what is missing', async () => {
  await write({ server: 'https://k.test' }, {}, 'other');
  expect(() => readClusterConfig(file)).toThrow(`${file} has no current context that names a cluster`);
  await write({ server: 'https://k.test', 'proxy-url': 'http://proxy.test:3128' });
  expect(() => readClusterConfig(file)).toThrow('remove proxy-url');
  const absent = join(dir, 'absent');
  expect(() => readClusterConfig(absent)).toThrow(`${absent} is no kubeconfig that can be read: ENOENT`);
  await writeFile(file, '{"clusters": [');
  expect(() => readClusterConfig(file)).toThrow(`${file} is no kubeconfig that can be read: `);
});

it('refuses to send credentials over plain HTTP', async () => {
  await write({ server: 'http://k.test' }, { token: 't' });
  await expect(readClusterConfig(file).credentials()).rejects.toThrow('HTTP protocol is not allowed');
});
