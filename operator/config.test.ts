import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { afterEach, expect, onTestFinished, test, vi } from 'vitest';
import { defaultJobResources } from './code-flags.ts';
import { readConfig } from './config.ts';

afterEach(() => vi.restoreAllMocks());

/** What the process says and the code it ends with, instead of ending. */
function refusal(argv: string[], environment: NodeJS.ProcessEnv = {}): string {
  let said = '';
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => ((said += String(text)), true));
  vi.spyOn(process, 'exit').mockImplementation((code) => {
    throw new Error(`exit ${code}`);
  });
  expect(() => readConfig(argv, environment)).toThrow('exit 2');
  return said;
}

test('addresses of one place are one text, however they are written', () => {
  const config = readConfig(
    [
      '--http',
      ':8080',
      '--canary-listen',
      '[::0]:0',
      '--canary-address',
      'Canary.SVC.:8086',
      '--dns-server',
      '[::A]:53',
    ],
    { REDIS_URL: 'redis://Cache.' },
  );
  expect(config).toMatchObject({
    httpAddress: '0.0.0.0',
    httpPort: 8080,
    canaryListen: { address: '::', port: 0 },
    canary: { kind: 'name', host: 'canary.svc', port: 8086 },
    dnsServer: '[::a]:53',
    redisUrl: 'redis://cache:6379/0',
  });
  expect(readConfig(['--redis', 'redis://one'], { REDIS_URL: 'redis://two' }).redisUrl).toBe('redis://one:6379/0');
  expect(readConfig([], { REDIS_URL: '' }).redisUrl).toBeUndefined();
});

test('a Redis URL with credentials is refused wherever it comes from, and never repeated', () => {
  const url = 'redis://:canary@cache';
  for (const said of [refusal(['--redis', url]), refusal([], { REDIS_URL: url })]) {
    expect(said).toContain('the Redis URL cannot be used: it must not carry credentials');
    expect(said).not.toContain(':canary@');
  }
});

test('a Redis behind Sentinels, or a Cluster, is one text, with a login of the Sentinels beside it', () => {
  expect(readConfig(['--redis', 'redis+cluster://b,a:1'], {}).redisUrl).toBe('redis+cluster://a:1,b:6379');
  const config = readConfig(['--redis', 'redis+sentinel://b,a/m', '--redis-sentinel-username', 'asks'], {
    REDIS_SENTINEL_PASSWORD: 'canary',
  });
  expect(config.redisUrl).toBe('redis+sentinel://a:26379,b:26379/m/0');
  expect([config.redisSentinelUsername, config.redisSentinelPassword?.current()]).toEqual(['asks', 'canary']);
  expect(refusal(['--redis-sentinel-password-file', '/nowhere/p'])).toContain(
    '--redis-sentinel-password-file: /nowhere/p cannot be read',
  );
});

test('an address that is none is refused by its flag', () => {
  expect(refusal(['--http', '8080'])).toContain('must be address:port');
  expect(refusal(['--dns-server', 'dns.example:53'])).toContain('must be the IP address and port of a DNS server');
  expect(refusal(['--canary-address', 'canary:0'])).toContain('must be host:port');
});

test('hosts of Redis are names, wildcards, addresses and blocks, as many as are given', () => {
  const hosts = readConfig(['--redis-hosts', '*.example.com', '--redis-hosts', '10.0.0.0/8'], {}).redisHosts;
  expect(hosts).toMatchObject([{ kind: 'wildcard', host: 'example.com' }, { kind: 'block' }]);
  expect(readConfig([], {}).redisHosts).toEqual([]);
  expect(refusal(['--redis-hosts', 'redis://h:6379'])).toContain('must be a host');
});

test('the consent label is a label, with a value or for any', () => {
  const read = (label: string) => readConfig(['--secret-consent-label', label], {}).secretConsent;
  expect(read('example.com/workers=allowed')).toEqual({ key: 'example.com/workers', value: 'allowed' });
  expect(read('workers')).toEqual({ key: 'workers' });
  expect(readConfig([], {}).secretConsent).toBeUndefined();
  for (const label of ['', '=yes', 'a b', 'x/', 'a=b=c', 'a=$(b)']) {
    expect(refusal(['--secret-consent-label', label])).toContain('must be a label');
  }
});

test('metrics are for this machine alone, unless the operator runs in a pod or is told otherwise', () => {
  expect(readConfig([], {}).httpAddress).toBe('127.0.0.1');
  expect(readConfig([], { KUBERNETES_SERVICE_HOST: '10.0.0.1' }).httpAddress).toBe('0.0.0.0');
  expect(readConfig(['--http', '0.0.0.0:1'], {}).httpAddress).toBe('0.0.0.0');
});

test('the image of worker pods is on no registry unless one is named', () => {
  expect(readConfig([], {}).workerImage).toMatch(/^[^/]+\.invalid\//);
});

test('the help shows defaults as they are written', () => {
  let said = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => ((said += String(text)), true));
  vi.spyOn(process, 'exit').mockImplementation((code) => {
    throw new Error(`exit ${code}`);
  });
  expect(() => readConfig(['--help'], {})).toThrow('exit 0');
  expect(said.replaceAll(/\s+/g, ' ')).toContain('(default: 127.0.0.1:8080, in a pod 0.0.0.0:8080)');
  expect(said).not.toMatch(/default:\s+[[{]/);
});

test('Jobs reach hosts by proxies without a login, and trust the authorities of a file as it is by then', () => {
  const folder = mkdtempSync(join(tmpdir(), 'redisworker-config-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'ca.crt');
  const certificate = rootCertificates[0]!;
  writeFileSync(file, certificate);
  const given = ['--code-https-proxy', 'http://proxy:3128/', '--code-no-proxy', '.house', '--code-ca-file', file];
  const { jobWay: { httpsProxy, noProxy, trusts } } = readConfig(given, {}).code;
  expect([httpsProxy, noProxy, trusts?.()]).toEqual(['http://proxy:3128', '.house', certificate]);
  writeFileSync(file, rootCertificates[1]!);
  expect(trusts?.()).toBe(rootCertificates[1]);
  rmSync(file);
  expect(trusts?.()).toBe(rootCertificates[1]);
  expect(refusal(['--code-http-proxy', 'proxy:3128'])).toMatch(/must be an http or https address without a login/);
  expect(refusal(['--code-ca-file', file])).toContain(`${file} cannot be read`);
  writeFileSync(file, 'none');
  expect(refusal(['--code-ca-file', file])).toContain(`${file} holds no certificate in PEM`);
});

test('bundles are kept in a repository of a registry, with the login a file has by then', () => {
  const folder = mkdtempSync(join(tmpdir(), 'redisworker-config-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'config.json');
  const given = ['--code-registry', 'registry.example:5000/team/code', '--code-registry-auth-file', file];
  const { registry } = readConfig(given, {}).code;
  expect(registry).toMatchObject({ host: 'registry.example:5000', path: 'team/code', isPlain: false });
  expect(() => registry?.login()).toThrow(`${file} cannot be read`);
  writeFileSync(file, 'secret');
  expect(() => registry?.login()).toThrow(`${file} is no configuration as docker login keeps it`);
  writeFileSync(file, '{"auths":{"registry.example:5000":{"username":"me","password":"p"}}}');
  expect(registry?.login()).toEqual({ username: 'me', password: 'p' });
  expect(readConfig(['--code-registry', 'http://10.0.0.1:5000/code'], {}).code.registry).toMatchObject({
    isPlain: true,
  });
  for (const text of ['code', 'registry.example/code:1', 'https://registry.example/code', 'a/B']) {
    expect(refusal(['--code-registry', text])).toContain('must be host/path without a tag');
  }
});

test('code from elsewhere is resolved by Jobs, from registries that are addresses without a login', () => {
  const { code } = readConfig(['--npm-registry', 'https://npm.example.com/private'], {});
  expect(code).toEqual({
    registries: { npm: 'https://npm.example.com/private/' },
    jobResources: defaultJobResources,
    jobWay: {},
  });
  const given = ['--code-job-resources', '{"limits":{"memory":"2Gi","cpu":1}}'];
  expect(readConfig(given, {}).code.jobResources).toEqual({ limits: { memory: '2Gi', cpu: '1' } });
  expect(readConfig(['--no-code-jobs'], {}).code.jobResources).toBeUndefined();
  for (const url of ['npm.example.com', 'ftp://a.example', 'https://me:canary@a.example']) {
    expect(refusal(['--jsr-registry', url])).toMatch(/must be an http or https address without a login.*\n$/);
  }
  for (const text of ['1Gi', '[]', '{"limit":{}}']) {
    expect(refusal(['--code-job-resources', text])).toContain('must be JSON, such as {"requests"');
  }
});

test('a password file that cannot be read is told in one sentence', () => {
  expect(refusal(['--redis-password-file', '/nowhere/password'])).toMatch(
    /^--redis-password-file: \/nowhere\/password cannot be read: ENOENT[^\n]*\n$/,
  );
});

test('certificates of the default Redis need TLS, both halves, and files that hold them', () => {
  const secure = ['--redis', 'rediss://cache'];
  expect(readConfig(secure, {}).redisTls).toBeUndefined();
  expect(readConfig([...secure, '--redis-server-name', 'cache.test'], {}).redisTls?.current()).toEqual({
    serverName: 'cache.test',
  });
  for (const url of [[], ['--redis', 'redis://cache']]) {
    for (const flag of ['--redis-ca-file', '--redis-server-name']) {
      expect(refusal([...url, flag, '/nowhere/ca'])).toContain('they need --redis with rediss://\n');
    }
  }
  expect(refusal([...secure, '--redis-key-file', '/nowhere/key'])).toBe(
    '--redis-cert-file and --redis-key-file: give both or none\n',
  );
  expect(refusal([...secure, '--redis-worker-cert-file', '/nowhere/cert'])).toBe(
    '--redis-worker-cert-file and --redis-worker-key-file: give both or none\n',
  );
  expect(refusal(['--redis-worker-cert-file', '/nowhere/cert'])).toContain('they need --redis with rediss://\n');
  expect(refusal([...secure, '--redis-ca-file', '/nowhere/ca'])).toContain('/nowhere/ca');
  expect(refusal([...secure, '--redis-ca-file', import.meta.filename])).toBe(
    `--redis-ca-file: ${import.meta.filename} holds no certificate in PEM, or one that cannot be read\n`,
  );
});

test('the API server is asked as fast as it answers, unless an admin says how fast', () => {
  expect(readConfig([], {}).kubeApiRate).toBeUndefined();
  expect(readConfig(['--kube-api-qps', '20'], {}).kubeApiRate).toEqual({ perSecond: 20, burst: 40 });
  expect(readConfig(['--kube-api-qps', '20', '--kube-api-burst', '30'], {}).kubeApiRate).toEqual({
    perSecond: 20,
    burst: 30,
  });
  expect(refusal(['--kube-api-burst', '30'])).toContain('--kube-api-qps');
});

test('metrics have a port of their own where a flag says so, guarded and over TLS where that is asked', () => {
  expect(readConfig([]).metrics).toBeUndefined();
  expect(readConfig(['--metrics', ':8443']).metrics).toEqual({
    address: '0.0.0.0',
    port: 8443,
    auth: undefined,
    identity: undefined,
  });
  expect(readConfig(['--metrics', ':8443', '--metrics-auth', 'TokenReview']).metrics).toMatchObject({
    auth: 'TokenReview',
    identity: 'SelfSigned',
  });
  expect(refusal(['--metrics-auth', 'TokenReview'])).toContain('need --metrics: probes stay open and plain');
  expect(refusal(['--metrics', ':8443', '--metrics-auth', 'Basic'])).toContain('Allowed choices are TokenReview');
  expect(refusal(['--metrics', ':8443', '--metrics-cert-file', '/nowhere'])).toContain('give both or none');
  expect(refusal(['--metrics', ':8443', '--metrics-cert-file', '/nowhere', '--metrics-key-file', '/nowhere']))
    .toContain('--metrics-cert-file: /nowhere cannot be read');
});

test('the page has a port where a flag says so, always over TLS, with the certificate of the metrics when there is one', () => {
  expect(readConfig([]).page).toBeUndefined();
  const { page, metrics } = readConfig(['--page', ':8444']);
  expect([page, metrics]).toEqual([{ address: '0.0.0.0', port: 8444, identity: 'SelfSigned' }, undefined]);
  expect(refusal(['--page', '8444'])).toContain('must be address:port');
  expect(refusal(['--metrics-cert-file', '/nowhere', '--metrics-key-file', '/nowhere'])).toContain(
    'a certificate may be that of --page alone',
  );
  expect(refusal(['--page', ':8444', '--metrics-auth', 'TokenReview'])).toContain('need --metrics');
  expect(refusal(['--page', ':8444', '--metrics-cert-file', '/nowhere', '--metrics-key-file', '/nowhere']))
    .toContain('--metrics-cert-file: /nowhere cannot be read');
});
