/** Workers on the default Redis have a user of their own there, made, kept, given new passwords and removed by the operator. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type KubeObject, resources } from '../../operator/cluster/cluster.ts';
import { withCount, withSpec, worker } from '../support/gen.ts';
import { startTestOperator, type TestOperator } from '../support/local-operator.ts';
import { guardPassword, operatorLogin, startGuardedRedis, startRedis, type TestRedis } from '../support/redis.ts';
import { ask } from '../support/requests.ts';
import { eventually } from '../support/wait.ts';

const password = guardPassword;
let redis: TestRedis;
let operator: TestOperator;

beforeAll(async () => {
  redis = await startGuardedRedis();
  operator = await startTestOperator({ redisUrl: redis.url, redisLogin: operatorLogin, defaultRedisNamespaces: [] });
});
afterAll(async () => {
  await operator.stop();
  await redis.stop();
});

const answers = 'export default ({ data }) => data';
const apply = (object: KubeObject) => operator.cluster.apply(object, 'user');
const answering = (name: string, spec: object = {}) => worker(name, withSpec({ source: { inline: answers }, ...spec }));

async function userOf(name: string): Promise<string> {
  const found = await operator.cluster.get(resources.redisWorkers, { namespace: 'default', name });
  return `rw-${found?.metadata.uid}`;
}

async function secretOf(name: string): Promise<Readonly<Record<string, string>>> {
  const found = await operator.cluster.get(resources.secrets, { namespace: 'default', name: `${name}-worker` });
  const data = (found?.data ?? {}) as Record<string, string>;
  return Object.fromEntries(
    Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]),
  );
}

const listed = async () => (await redis.client.call('ACL', 'LIST') as string[]).map((line) => line.split(' ')[1]);

test("a worker logs in as itself, with a password that is not the operator's, and is denied nothing it needs", async () => {
  await apply(answering('one', { consumers: { count: 2 } }));
  await operator.told('one', 'Ready', 'True');
  expect((await ask(redis.client, 'one', 'hello')).data).toBe('hello');
  const user = await userOf('one');
  const clients = String(await redis.client.client('LIST')).split('\n').filter((line) =>
    line.includes('name=redisworker:one:')
  );
  expect(clients.length).toBeGreaterThan(0);
  expect(clients.every((line) => line.includes(` user=${user} `))).toBe(true);
  expect(JSON.stringify(await secretOf('one'))).not.toContain(password);
});

test('a user that somebody changes or deletes is put right, and its worker answers again', async () => {
  const user = await userOf('one');
  await redis.client.acl('SETUSER', user, '+@all', '~*');
  await eventually(
    'its rights are its own again',
    async () => await redis.client.call('ACL', 'DRYRUN', user, 'FLUSHALL') !== 'OK',
  );
  await redis.client.acl('DELUSER', user);
  expect((await ask(redis.client, 'one', 'again')).data).toBe('again');
  const events = operator.output();
  expect(events).toContain(`Wrote the Redis user ${user}`);
});

test('a server that comes back without its users gets them again', async () => {
  await redis.restart();
  await redis.client.ping();
  expect((await ask(redis.client, 'one', 'after')).data).toBe('after');
});

test('another password is given on demand while requests are answered, and the one before ends with the last pod that has it', async () => {
  const before = (await secretOf('one'))['redis-password']!;
  const user = await userOf('one');
  const asking = new AbortController();
  const answered = (async () => {
    let count = 0;
    for (; !asking.signal.aborted; count++) expect((await ask(redis.client, 'one', count)).data).toBe(count);
    return count;
  })();
  await operator.cluster.patch(resources.redisWorkers, { namespace: 'default', name: 'one' }, {
    metadata: { annotations: { 'redisworker.dev/rotate-redis-password': 'once' } },
  });
  await eventually('the password before is gone', async () => {
    const secret = await secretOf('one');
    return secret['redis-password'] !== before && secret['redis-password-previous'] === undefined;
  }, 45_000);
  await operator.told('one', 'Ready', 'True');
  asking.abort();
  expect(await answered).toBeGreaterThan(0);
  const hashes = async () => ((await redis.client.acl('GETUSER', user)) as unknown[])[3] as string[];
  await eventually('the user has one password', async () => (await hashes()).length === 1);
  const login = redis.client.duplicate({ username: user, password: before, retryStrategy: () => null });
  login.on('error', () => undefined); // the command tells
  await expect(login.ping()).rejects.toThrow();
  login.disconnect();
});

test('pods that run lose a stream that turns out to be of a worker of another namespace', async () => {
  await apply(answering('thief', { stream: { request: 'owner:req:x' } }));
  await operator.told('thief', 'Ready', 'True');
  const user = await userOf('thief');
  const reads = async () => await redis.client.call('ACL', 'DRYRUN', user, 'XRANGE', 'owner:req:x', '-', '+') === 'OK';
  expect(await reads()).toBe(true);
  const owner = answering('owner');
  await apply({ ...owner, metadata: { ...owner.metadata, namespace: 'theirs' } });
  expect(await operator.told('thief', 'Stalled', 'True', 'KeyRefused')).toContain(
    'spec.stream.request names "owner:req:x", which is of the RedisWorker theirs/owner in another namespace: name keys of your own, or give spec.redis.url',
  );
  await eventually('its user may not read it', async () => !await reads());
  await operator.told('theirs/owner', 'Ready', 'True');
  expect((await ask(redis.client, 'owner', 'mine')).data).toBe('mine');
  await operator.cluster.delete(resources.redisWorkers, { namespace: 'default', name: 'thief' }, {});
  await eventually('the other one is gone', async () => !(await listed()).includes(user), 30_000);
  await redis.client.call('ACL', 'LOG', 'RESET'); // it was denied what it asked for
});

/** Sends a command to the Redis it is told of, or to the door of a script, and answers with the first line that comes back. */
const asksRedis = `
  async function say(connection: Deno.Conn, ...words: string[]): Promise<string> {
    const text = words.map((word) => '$' + word.length + '\\r\\n' + word + '\\r\\n').join('');
    await connection.write(new TextEncoder().encode('*' + words.length + '\\r\\n' + text));
    const bytes = new Uint8Array(4096);
    return new TextDecoder().decode(bytes.subarray(0, (await connection.read(bytes)) ?? 0)).split('\\r\\n')[0];
  }
`;

test('code may use the keys and channels its manifest opens, with the login of its worker, and no others', async () => {
  const inline = `${asksRedis}
    export default async ({ data }, { redis }) => {
      const { hostname, port } = new URL(redis.url);
      using connection = await Deno.connect({ hostname, port: Number(port) });
      await say(connection, 'AUTH', redis.username, redis.password);
      const answers = [];
      for (const words of data) answers.push(await say(connection, ...words));
      return answers;
    };`;
  await apply(answering('opened', { source: { inline }, redis: { keys: ['cache:*'], channels: ['news:*'] } }));
  await operator.told('opened', 'Ready', 'True');
  const asked = async (...commands: string[][]) => (await ask(redis.client, 'opened', commands)).data as string[];
  expect(await asked(['SET', 'cache:1', 'x'], ['RENAME', 'cache:1', 'cache:2'], ['PUBLISH', 'news:a', 'x'])).toEqual([
    '+OK',
    '+OK',
    ':0',
  ]);
  const refused = await asked(
    ['GET', 'other'],
    ['SET', 'cach', 'x'],
    ['RENAME', 'cache:2', 'other'],
    ['SCAN', '0'],
    ['PUBLISH', 'olds', 'x'],
    ['BRPOP', 'res:1', '1'],
    ['EVAL', "return redis.call('GET', 'other')", '0'],
  );
  expect(refused.map((line) => line.split(' ')[0])).toEqual([
    ...Array.from({ length: 6 }, () => '-NOPERM'),
    '-ERR',
  ]);
  await redis.client.call('ACL', 'LOG', 'RESET'); // what it was denied
});

test('code to which nothing is opened is told of no login', async () => {
  await apply(answering('closed', { source: { inline: 'export default (_, { redis }) => redis === undefined;' } }));
  expect((await ask(redis.client, 'closed', 1)).data).toBe(true);
});

test('a worker that is deleted takes its user with it', async () => {
  const user = await userOf('one');
  await operator.cluster.delete(resources.redisWorkers, { namespace: 'default', name: 'one' }, {});
  await eventually('the worker is gone', async () => !(await listed()).includes(user), 30_000);
});

test('where the server lets everybody in, only workers of listed namespaces run, and they say that they share a login', async () => {
  const open = await startRedis();
  const [closed, sharing] = await Promise.all([
    startTestOperator({ redisUrl: open.url, defaultRedisNamespaces: ['other'] }),
    startTestOperator({ redisUrl: open.url, defaultRedisNamespaces: ['default'] }),
  ]);
  try {
    await closed.cluster.apply(worker('refused', withCount(1)), 'user');
    await sharing.cluster.apply(worker('shared', withCount(1)), 'user');
    expect(await closed.told('refused', 'Stalled', 'True', 'NoRedis')).toBe(
      'the operator\'s default Redis lets everybody in without a password, as the user "default", so this worker cannot have a login of its own there: give that user a password, or turn it off, have namespace "default" share the operator\'s login by --default-redis-namespaces, or give spec.redis.url',
    );
    await sharing.told('shared', 'Ready', 'True');
    expect(await sharing.told('shared', 'RedisReachable', 'True')).toContain(
      "this worker shares the operator's own login there, because that server lets everybody in",
    );
  } finally {
    await Promise.all([closed.stop(), sharing.stop()]);
    await open.stop();
  }
});
