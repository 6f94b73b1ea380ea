/** What Redis and people may do to a running worker: each worker here has a Redis of its own, and one has a quiet life. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { configHashKey, defaultGroup, requestStreamKey, responseStreamKey } from '../../contract/keys.ts';
import { resources } from '../../operator/cluster/cluster.ts';
import { defaultRedisPassword } from '../../operator/default-redis-password.ts';
import { startBlackHole } from '../support/black-hole.ts';
import { withSpec, worker } from '../support/gen.ts';
import { checkInvariants, lookInto } from '../support/invariants.ts';
import { startTestOperator, type TestOperator } from '../support/local-operator.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { ask } from '../support/requests.ts';
import { eventually } from '../support/wait.ts';

let operator: TestOperator;
let quiet: TestRedis;
const started: TestRedis[] = [];

/** A Redis that outlives the pods, so that they end as soon as they are told. */
async function anotherRedis(...args: Parameters<typeof startRedis>): Promise<TestRedis> {
  const redis = await startRedis(...args);
  started.push(redis);
  return redis;
}

beforeAll(async () => {
  [operator, quiet] = await Promise.all([startTestOperator(), anotherRedis()]);
  await operator.cluster.apply(worker('quiet', withSpec({ redis: { url: quiet.url } })), 'user');
  await operator.told('quiet', 'Ready', 'True');
});
afterAll(async () => {
  await operator.stop();
  await Promise.all(started.map((redis) => redis.stop()));
});

/** Runs `story` with a Redis and a worker `name` on it that is ready. */
async function withWorker(name: string, story: (redis: TestRedis) => Promise<void>): Promise<void> {
  const redis = await anotherRedis();
  await operator.cluster.apply(worker(name, withSpec({ redis: { url: redis.url } })), 'user');
  await operator.told(name, 'Ready', 'True');
  expect(await ask(redis.client, name, 'first')).toMatchObject({ code: 200 });
  await eventually('it is counted', async () => (await operator.status(name)).responses?.total === 1);
  await story(redis);
  await expectQuiet();
}

async function expectQuiet(): Promise<void> {
  expect(await ask(quiet.client, 'quiet', 1)).toMatchObject({ code: 200 });
  expect((await operator.status('quiet')).conditions?.find(({ type }) => type === 'Ready')).toMatchObject({
    status: 'True',
  });
  expect(
    (await operator.pods('quiet')).map(({ status }) =>
      (status as { containerStatuses: { restartCount: number }[] }).containerStatuses[0]?.restartCount
    ),
  ).toEqual([0]);
}

/** Asked at once, before operator and worker have noticed anything: nothing that is added may be passed over. */
async function expectRecovery(redis: TestRedis, name: string, total: number): Promise<void> {
  const answers = await Promise.all(['a', 'b', 'c'].map((data) => ask(redis.client, name, data, 45)));
  expect(answers.map(({ code, data }) => ({ code, data }))).toEqual(
    ['a', 'b', 'c'].map((data) => ({ code: 200, data: { echo: data } })),
  );
  await operator.told(name, 'Ready', 'True');
  await operator.told(name, 'RedisReachable', 'True');
  await eventually('the responses are counted', async () => (await operator.status(name)).responses?.total === total);
  expect(await redis.client.hget(configHashKey(name, '1'), 'resource')).toContain(`default/${name}/`);
}

describe.concurrent('a worker comes back by itself', () => {
  test('when its Redis was down at the start', async ({ expect }) => {
    const redis = await anotherRedis();
    await redis.crash();
    await operator.cluster.apply(worker('early', withSpec({ redis: { url: redis.url } })), 'user');
    expect(await operator.told('early', 'RedisReachable', 'False', 'RedisUnreachable')).toContain(
      `127.0.0.1:${redis.port}`,
    );
    expect(await operator.told('early', 'Ready', 'False', 'RedisUnreachable')).toContain(
      'running pods are left as they are',
    );
    await expectQuiet();
    await redis.restart();
    await expectRecovery(redis, 'early', 3);
  });

  test('when its Redis crashed and is empty', () =>
    withWorker('crashed', async (redis) => {
      await redis.crash();
      await operator.told('crashed', 'RedisReachable', 'False', 'RedisUnreachable');
      await redis.restart();
      await expectRecovery(redis, 'crashed', 4);
    }));

  test('when its Redis was flushed', () =>
    withWorker('flushed', async (redis) => {
      await redis.client.flushall();
      await expectRecovery(redis, 'flushed', 4);
    }));

  test('when its Redis stood still for a while', () =>
    withWorker('frozen', async (redis) => {
      process.kill(redis.pid(), 'SIGSTOP');
      try {
        expect(await operator.told('frozen', 'RedisReachable', 'False', 'RedisUnreachable')).toContain(
          'does not answer in time',
        );
        await expectQuiet();
      } finally {
        process.kill(redis.pid(), 'SIGCONT');
      }
      await expectRecovery(redis, 'frozen', 4);
    }));

  test('when its connections are open and carry nothing any more', async ({ expect }) => {
    const redis = await anotherRedis();
    const way = await startBlackHole(redis.port);
    try {
      const url = `redis://127.0.0.1:${way.port}`;
      await operator.cluster.apply(worker('severed', withSpec({ redis: { url } })), 'user');
      await operator.told('severed', 'Ready', 'True');
      expect(await ask(redis.client, 'severed', 'first')).toMatchObject({ code: 200 });
      const [pod] = await operator.pods('severed');
      way.swallow();
      await expectRecovery(redis, 'severed', 4);
      expect((await operator.pods('severed')).map(({ metadata }) => metadata.uid)).toEqual([pod?.metadata.uid]);
    } finally {
      await way.stop();
    }
  });

  test('when its Redis takes no writes, for it has become a replica', () =>
    withWorker('copied', async (redis) => {
      await redis.client.replicaof('127.0.0.1', 1);
      await operator.cluster.apply(
        worker('copied', withSpec({ redis: { url: redis.url }, consumers: { count: 2 } })),
        'user',
      );
      await operator.told('copied', 'Ready', 'False', 'RedisReadOnly');
      expect(await operator.pods('copied')).toHaveLength(1);
      await expectQuiet();
      await redis.client.call('REPLICAOF', 'NO', 'ONE');
      await expectRecovery(redis, 'copied', 4);
    }));

  test('when its Redis takes no more connections', () =>
    withWorker('crowded', async (redis) => {
      await redis.client.config('SET', 'maxclients', '1');
      await redis.client.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
      await redis.client.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
      await operator.told('crowded', 'RedisReachable', 'False');
      expect(await operator.pods('crowded')).toHaveLength(1);
      await expectQuiet();
      await redis.client.config('SET', 'maxclients', '1000');
      await expectRecovery(redis, 'crowded', 4);
    }));

  test('when its password was wrong, which is told nowhere', async ({ expect }) => {
    const redis = await anotherRedis(['--requirepass', 'open-sesame'], { password: 'open-sesame' });
    const passwordIs = (password: string) =>
      operator.cluster.apply({
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name: 'login', namespace: 'default' },
        stringData: { password },
      }, 'user');
    await passwordIs('wrong-sesame');
    await operator.cluster.apply(
      worker('locked', withSpec({ redis: { url: redis.url, passwordSecretRef: { name: 'login', key: 'password' } } })),
      'user',
    );
    expect(await operator.told('locked', 'RedisReachable', 'False', 'RedisAuthFailed')).toContain(
      'check the username and the password',
    );
    await passwordIs('open-sesame');
    await expectRecovery(redis, 'locked', 3);
    expect(operator.output() + JSON.stringify([await operator.status('locked'), operator.cluster.events()])).not
      .toMatch(/(open|wrong)-sesame/);
  });

  test('when its pid is removed by hand', () =>
    withWorker('stopped', async (redis) => {
      const key = configHashKey('stopped', '1');
      const pid = await redis.client.hget(key, 'pid');
      await redis.client.hdel(key, 'pid');
      await eventually('another process works', async () => ![null, pid].includes(await redis.client.hget(key, 'pid')));
      await expectRecovery(redis, 'stopped', 4);
    }));

  test('when its config hash is deleted by hand', () =>
    withWorker('unhashed', async (redis) => {
      await redis.client.del(configHashKey('unhashed', '1'));
      await expectRecovery(redis, 'unhashed', 4);
    }));

  test('when its consumer group is destroyed by hand, and runs nothing twice', () =>
    withWorker('ungrouped', async (redis) => {
      await redis.client.xgroup('DESTROY', requestStreamKey('ungrouped'), defaultGroup);
      await expectRecovery(redis, 'ungrouped', 4);
      expect(await redis.client.xlen(responseStreamKey('ungrouped'))).toBe(4);
    }));

  test('when it is deleted and made anew, and runs nothing twice', () =>
    withWorker('again', async (redis) => {
      const ref = { namespace: 'default', name: 'again' };
      await operator.cluster.delete(resources.redisWorkers, ref);
      await eventually('it is gone', async () => !await operator.cluster.get(resources.redisWorkers, ref));
      expect(await redis.client.xinfo('GROUPS', requestStreamKey('again'))).toEqual([]);
      await operator.cluster.apply(worker('again', withSpec({ redis: { url: redis.url } })), 'user');
      await expectRecovery(redis, 'again', 4);
      expect(await redis.client.xlen(responseStreamKey('again'))).toBe(4);
    }));

  test('when its process is killed together with its pod, whose pid stays behind', () =>
    withWorker('killed', async (redis) => {
      const key = configHashKey('killed', '1');
      const [pid, owner] = await redis.client.hmget(key, 'pid', 'owner');
      const [pod] = await operator.pods('killed');
      process.kill(Number(pid), 'SIGKILL');
      await operator.cluster.delete(resources.pods, { namespace: 'default', name: pod!.metadata.name }, {
        gracePeriodSeconds: 0,
      });
      await expectRecovery(redis, 'killed', 4);
      expect(await redis.client.hget(key, 'owner')).not.toBe(owner);
    }));
});

test('what was done to them leaves every invariant whole', () =>
  checkInvariants({
    namespace: 'default',
    redis: started.map(({ client }) => client),
    output: () => operator.output(),
    look: lookInto(operator.cluster, 'default'),
  }));

test("a new password of the operator's own Redis is taken from its file while it runs", async () => {
  const folder = mkdtempSync(join(tmpdir(), 'redisworker-test-'));
  const file = join(folder, 'password');
  writeFileSync(file, 'first');
  const redis = await anotherRedis(['--requirepass', 'first'], { password: 'first' });
  const own = await startTestOperator({
    redisUrl: redis.url,
    redisPassword: defaultRedisPassword('--redis-password-file', file, 50),
  });
  try {
    await own.cluster.apply(worker('idle', withSpec({ consumers: { count: 0 } })), 'user');
    await own.told('idle', 'RedisReachable', 'True');
    await redis.client.config('SET', 'requirepass', 'second');
    await redis.client.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    writeFileSync(file, 'second');
    await eventually(
      'the operator logs in again',
      async () => String(await redis.client.client('LIST')).includes('name=redisworker-operator'),
    );
    await own.told('idle', 'RedisReachable', 'True');
  } finally {
    await own.stop();
    rmSync(folder, { recursive: true });
  }
});

test('what is wrong with a Redis is told once, by the first worker that uses it', async () => {
  const redis = await anotherRedis();
  const url = { redis: { url: redis.url }, consumers: { count: 0 } };
  for (const name of ['told-b', 'told-a']) await operator.cluster.apply(worker(name, withSpec(url)), 'user');
  const told = () =>
    operator.cluster.events().filter(({ ref, reason }) =>
      ref.name.startsWith('told-') && /^Redis(?!Latency)/.test(reason)
    );
  await eventually('it is told', () => told().some(({ reason }) => reason === 'RedisDefaultUser'));
  expect(told().map(({ ref, type, reason, count }) => `${ref.name} ${type} ${reason} ${count}`).sort()).toEqual([
    'told-a Warning RedisDefaultUser 1',
    'told-a Warning RedisMemory 1',
    'told-a Warning RedisPersistence 1',
  ]);
  expect(told().find(({ reason }) => reason === 'RedisPersistence')?.message).toBe(
    `Redis at 127.0.0.1:${redis.port} keeps nothing on disk, so a restart loses every request, reply and config hash: set appendonly yes`,
  );
});
