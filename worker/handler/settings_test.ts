import { parseHandlerSettings, parseSettings } from './settings.ts';
import { assertEquals, assertThrows } from '../testing/assert.ts';

const least: Record<string, string> = {
  REDIS_URL: 'redis://127.0.0.1:6379',
  WORKER_SOURCE: '/src/worker.ts',
  POD_UID: 'u',
};
const parse = (variables: Record<string, string>, args = ['demo:1:h']) =>
  parseSettings(args, (name) => variables[name], (path) => `text of ${path}\n`);

Deno.test('takes what the pod says', () => {
  const settings = parse({
    ...least,
    REDIS_URL: 'rediss://127.0.0.1:6379',
    REDIS_USERNAME: 'w',
    REDIS_PASSWORD_FILE: '/p',
    REDIS_CA_FILE: '/ca',
    REDIS_CERT_FILE: '/cert',
    REDIS_KEY_FILE: '/key',
    REDIS_SERVER_NAME: 'cache.test',
    REDIS_MIN_TLS_VERSION: '1.3',
    WORKER_SOURCE_DIGEST: 'sha256-1',
    HEALTH_ADDRESS: '[::1]:8085',
    POD_NAME: 'pod',
    WORKER_SETTINGS: '{"concurrency":3,"backoff":{"initialMs":5},"traces":"Off"}',
  });
  assertEquals(settings.redis, {
    address: { hosts: [{ host: '127.0.0.1', port: 6379 }], db: 0, tls: true, topology: { kind: 'Standalone' } },
    username: 'w',
    password: 'text of /p',
    tls: {
      ca: 'text of /ca\n',
      client: { cert: 'text of /cert\n', key: 'text of /key\n' },
      serverName: 'cache.test',
      minVersion: '1.3',
    },
  });
  assertEquals(settings.health, { hostname: '::1', port: 8085 });
  assertEquals([settings.hashKey, settings.owner, settings.podName, settings.sourceDigest], [
    'demo:1:h',
    'u',
    'pod',
    'sha256-1',
  ]);
  assertEquals([settings.handler.concurrency, settings.handler.backoff, settings.handler.traces], [3, {
    initialMs: 5,
    maxMs: 60_000,
  }, 'Off']);
});

Deno.test('is somebody else at the Sentinels than at the servers they watch', () => {
  const login = { REDIS_SENTINEL_USERNAME: 's', REDIS_SENTINEL_PASSWORD_FILE: '/sp' };
  const { redis } = parse({
    ...least,
    ...login,
    REDIS_URL: 'redis+sentinel://127.0.0.1/mymaster',
    REDIS_USERNAME: 'w',
  });
  assertEquals([redis.username, redis.sentinel], ['w', { username: 's', password: 'text of /sp' }]);
  assertEquals(parse({ ...least, ...login }).redis.sentinel, undefined);
});

Deno.test('has the defaults of the manifest', () => {
  assertEquals(parse(least).handler, {
    group: 'worker',
    concurrency: 16,
    timeoutSeconds: 30,
    maxAttempts: 1,
    maxDeliveries: 5,
    backoff: { initialMs: 1000, maxMs: 60_000 },
    deadLetterStream: 'demo:dead:x',
    traces: 'On',
    replies: 'Enabled',
    responses: 'All',
    retention: 'Acknowledged',
    memoryMiB: 128,
    graceSeconds: 30,
  });
});

Deno.test('names the variable that is missing or wrong', () => {
  assertThrows(() => parse(least, []), /the key of the config hash is missing/);
  assertThrows(() => parse({ ...least, REDIS_URL: '' }), /REDIS_URL is missing/);
  assertThrows(() => parse({ ...least, WORKER_SOURCE: '' }), /WORKER_SOURCE is missing/);
  assertThrows(
    () => parse({ ...least, HEALTH_ADDRESS: '8085' }),
    /HEALTH_ADDRESS must be host:port/,
  );
  assertThrows(() => parse({ ...least, WORKER_SETTINGS: '[' }), /WORKER_SETTINGS cannot be used/);
});

Deno.test('names the setting that is wrong', () => {
  for (
    const [name, value] of [['concurrency', 0], ['timeoutSeconds', '1'], ['maxAttempts', 1.5], ['group', ''], [
      'traces',
      'Yes',
    ], ['retention', true]] as const
  ) {
    assertThrows(() => parseHandlerSettings(JSON.stringify({ [name]: value }), 't'), new RegExp(`"${name}" must be`));
  }
});

Deno.test('a Redis URL is never repeated, whatever is wrong with it', () => {
  for (const url of ['http://secret', 'redis://user:secret@host', 'redis://:s/secret@host', 'redis://host/secret']) {
    assertThrows(() => parse({ ...least, REDIS_URL: url }), /^(?!.*secret).*REDIS_URL: the Redis URL cannot be used/);
  }
});

Deno.test('line ends are no part of a password, and blanks are', () => {
  const read = (text: string) => {
    const variables: Record<string, string> = { ...least, REDIS_PASSWORD_FILE: '/p' };
    return parseSettings(['demo:1:h'], (name) => variables[name], () => text).redis.password;
  };
  assertEquals([read('pass \t\n'), read('pass\r\n'), read('pass\n\n'), read('\n')], [
    'pass \t',
    'pass',
    'pass',
    undefined,
  ]);
});
