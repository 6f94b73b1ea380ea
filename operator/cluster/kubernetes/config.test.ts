import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { readClusterConfig } from './config.ts';
import type { Surroundings } from './credentials.ts';

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
  const config = await readClusterConfig({ kubeconfig: file });
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
  const config = await readClusterConfig({ kubeconfig: file });
  await write({ server: 'https://k.test' }, { token: 'two' });
  expect((await config.credentials()).headers['authorization']).toBe('Bearer one');
  expect((await config.credentials(true)).headers['authorization']).toBe('Bearer two');
});

it('says what is missing', async () => {
  await write({ server: 'https://k.test' }, {}, 'other');
  await expect(readClusterConfig({ kubeconfig: file })).rejects.toThrow(
    `${file} has no current context that names a cluster`,
  );
  await write({ server: 'https://k.test', 'proxy-url': 'http://proxy.test:3128' });
  await expect(readClusterConfig({ kubeconfig: file })).rejects.toThrow('remove proxy-url');
  const absent = join(dir, 'absent');
  await expect(readClusterConfig({ kubeconfig: absent })).rejects.toThrow(
    `${absent} is no kubeconfig that can be read: ENOENT`,
  );
  await writeFile(file, '{"clusters": [');
  await expect(readClusterConfig({ kubeconfig: file })).rejects.toThrow(`${file} is no kubeconfig that can be read: `);
});

it('refuses to send credentials over plain HTTP', async () => {
  await write({ server: 'http://k.test' }, { token: 't' });
  await expect((await readClusterConfig({ kubeconfig: file })).credentials()).rejects.toThrow(
    'HTTP protocol is not allowed',
  );
});

it('reads files and tokens anew whenever it is asked, by paths from the folder of the kubeconfig', async () => {
  await Promise.all(['ca', 'cert', 'key', 'token'].map((name) => writeFile(join(dir, name), `${name} one\n`)));
  await write({ server: 'https://k.test', 'certificate-authority': 'ca' }, {
    'client-certificate': 'cert',
    'client-key': 'key',
    tokenFile: 'token',
  });
  const config = await readClusterConfig({ kubeconfig: file });
  const { tls, headers } = await config.credentials();
  expect([tls.ca, tls.cert, tls.key].map(String)).toEqual(['ca one\n', 'cert one\n', 'key one\n']);
  expect(headers).toEqual({ authorization: 'Bearer token one' });
  await writeFile(join(dir, 'token'), 'token two');
  expect((await config.credentials()).headers).toEqual({ authorization: 'Bearer token two' });
});

it('logs in by name and password, for somebody else where the kubeconfig says so, and trusts whom it says', async () => {
  await write({ server: 'https://k.test', 'insecure-skip-tls-verify': true }, {
    username: 'ada',
    password: 'secret',
    as: 'grace',
  });
  expect(await (await readClusterConfig({ kubeconfig: file })).credentials()).toEqual({
    tls: { rejectUnauthorized: false },
    headers: { authorization: `Basic ${Buffer.from('ada:secret').toString('base64')}`, 'impersonate-user': 'grace' },
  });
});

it('asks a plugin, and takes what it says until it expires', async () => {
  const plugin = join(dir, 'plugin');
  const program = `#!/bin/sh
echo . >> ${dir}/asked
echo '{"status": {"token": "'$GIVEN'", "expirationTimestamp": "2100-01-01T00:00:00Z"}}'`;
  await writeFile(plugin, program, { mode: 0o755 });
  const exec = { command: plugin, env: [{ name: 'GIVEN', value: 't' }] };
  await write({ server: 'https://k.test', 'certificate-authority-data': 'Q0E=' }, { exec });
  const config = await readClusterConfig({ kubeconfig: file });
  expect(await config.credentials()).toEqual({
    tls: { ca: Buffer.from('CA') },
    headers: { authorization: 'Bearer t' },
  });
  await config.credentials();
  expect(await readFile(join(dir, 'asked'), 'utf8')).toBe('.\n');
  await config.credentials(true);
  expect(await readFile(join(dir, 'asked'), 'utf8')).toBe('.\n.\n');
});

it('shows a plugin that asks for it the cluster, finds it beside the kubeconfig, and takes its certificate', async () => {
  const certificate = JSON.stringify({ status: { clientCertificateData: 'CERT', clientKeyData: 'KEY' } });
  const program = `#!/bin/sh\necho "$KUBERNETES_EXEC_INFO $1" > ${dir}/info\necho '${certificate}'`;
  await writeFile(join(dir, 'plugin'), program, { mode: 0o755 });
  const exec = {
    apiVersion: 'client.authentication.k8s.io/v1beta1',
    command: './plugin',
    args: ['get'],
    provideClusterInfo: true,
  };
  await write({ server: 'https://k.test' }, { exec });
  expect(await (await readClusterConfig({ kubeconfig: file })).credentials()).toEqual({
    tls: { cert: 'CERT', key: 'KEY' },
    headers: {},
  });
  expect(await readFile(join(dir, 'info'), 'utf8')).toBe(
    '{"apiVersion":"client.authentication.k8s.io/v1beta1","kind":"ExecCredential","spec":{"interactive":false,"cluster":{"server":"https://k.test"}}} get\n',
  );
});

it.each<[string, object, RegExp]>([
  [
    'is not there',
    { exec: { command: 'no-such-plugin', installHint: 'get it there' } },
    /no-such-plugin of the kubeconfig cannot be run: .*ENOENT; get it there$/,
  ],
  ['fails', { exec: { command: 'false' } }, /^the login plugin false of the kubeconfig failed \(1\)$/],
  [
    'prints something else',
    { exec: { command: 'echo' } },
    /^the login plugin echo printed no ExecCredential with a status$/,
  ],
  [
    'is none',
    { 'auth-provider': { name: 'gcp' } },
    /by the auth-provider "gcp": use the exec plugin that took its place$/,
  ],
])('says so when a plugin %s', async (_, user, sentence) => {
  await write({ server: 'https://k.test' }, user);
  await expect((await readClusterConfig({ kubeconfig: file })).credentials()).rejects.toThrow(sentence);
});

it('reads several kubeconfigs as one, in which the first word counts', async () => {
  await write({ server: 'https://k.test' }, { token: 'first' }, '');
  const [other, absent] = [join(dir, 'other'), join(dir, 'absent')];
  await writeFile(other, 'current-context: c\nusers: [{name: u, user: {token: second}}]\n');
  const config = await readClusterConfig({}, about({ KUBECONFIG: `${absent}:${file}:${other}` }));
  expect((await config.credentials()).headers).toEqual({ authorization: 'Bearer first' });
});

it('takes the context that is named in the place of the current one, and tells which there are', async () => {
  await write({ server: 'https://k.test' }, { token: 't' }, 'gone');
  expect(await readClusterConfig({ kubeconfig: file, context: 'c' })).toMatchObject({
    server: 'https://k.test',
    namespace: 'here',
  });
  await expect(readClusterConfig({ kubeconfig: file, context: 'd' })).rejects.toThrow(
    `${file} has no context "d" that names a cluster; it has: c`,
  );
  await expect(readClusterConfig({ context: 'd' }, about({ HOME: dir }))).rejects.toThrow(
    'there is no kubeconfig that could have a context "d": set KUBECONFIG',
  );
});

it('without a kubeconfig takes what the kubelet gave the pod, and reads it anew', async () => {
  const account = join(dir, 'account');
  await mkdir(account);
  await Promise.all(
    Object.entries({ token: 'one', 'ca.crt': 'CA', namespace: 'mine\n' }).map(([name, text]) =>
      writeFile(join(account, name), text)
    ),
  );
  const environment = { HOME: dir, KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '443' };
  const config = await readClusterConfig({}, { environment, serviceAccount: account });
  expect(config).toMatchObject({ server: 'https://[fd00::1]:443', namespace: 'mine' });
  await writeFile(join(account, 'token'), 'two');
  expect(await config.credentials()).toEqual({
    tls: { ca: Buffer.from('CA') },
    headers: { authorization: 'Bearer two' },
  });
});

it('prefers the kubeconfig of the home folder to the pod, and says what to do where there is neither', async () => {
  await expect(readClusterConfig({}, about({ HOME: dir }))).rejects.toThrow(
    'no cluster is configured: set KUBECONFIG, or run in a pod',
  );
  await mkdir(join(dir, '.kube'));
  await write({ server: 'https://k.test' });
  await rename(file, join(dir, '.kube/config'));
  expect((await readClusterConfig({}, about({ HOME: dir }))).server).toBe('https://k.test');
});

function about(environment: Record<string, string>): Surroundings {
  return { environment, serviceAccount: join(dir, 'no-account') };
}
