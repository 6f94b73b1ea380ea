/** Scripts of a manifest, from the file to Redis and to the pods that run them, on a local cluster with the operator's own Redis. */
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { main } from '../../cli/main.ts';
import { resources } from '../../operator/cluster/cluster.ts';
import { testIo } from '../support/io.ts';
import { startOperatorOnRedis } from '../support/local-operator.ts';
import { writeThread } from '../support/hats.ts';
import { eventually } from '../support/wait.ts';

type Started = Awaited<ReturnType<typeof startOperatorOnRedis>>;
let started: Started;
const patience = 60_000;

beforeAll(async () => {
  started = await startOperatorOnRedis();
  const manifest = parse(await readFile('examples/hats.yaml', 'utf8')) as { metadata: object };
  await started.operator.cluster.create(
    { ...manifest, metadata: { ...manifest.metadata, namespace: 'default' } } as never,
    'redisworker',
  );
  await started.operator.told('hats', 'Ready', 'True');
});
afterAll(async () => await started.stop());

test('the example runs: its thread keeps what it knows, its job runs by its schedule, and the status tells of both', async () => {
  const { redis: { client }, operator } = started;
  await client.rpush('hats:words', 'ada', 'grace');
  await eventually('words are shouted', async () => await client.llen('hats:shouted') === 2, patience);
  expect(await client.lrange('hats:shouted', 0, -1)).toEqual(['1 ADA!', '2 GRACE!']);
  await eventually('the job ran', async () => Number(await client.get('hats:count')) >= 2, patience);
  const { hats } = await eventually('the status tells', async () => {
    const status = await operator.status('hats');
    return status.hats?.threads.running === 1 && (status.responses?.succeeded ?? 0) > 0 && status;
  }, patience);
  expect(hats).toMatchObject({ threads: { running: 1, stopped: 0, disabled: 0, crashed: 0 }, crashed: [] });
  expect(await client.hmget('hats:Threads:shout.js', 'Hang', 'DeadSeconds', 'Status')).toEqual([
    '100000000',
    '5',
    'enabled',
  ]);
});

test('what somebody else writes into a script of the manifest is put right, and scripts others put there run beside it', async () => {
  const { redis, operator } = started;
  const { client } = redis;
  await writeThread(redis, 'hats', 'theirs.js', `redis.Do('SET', 'hats:theirs', 'ran');\nthrow new Error('over');`);
  await eventually('theirs runs', async () => await client.get('hats:theirs') === 'ran', patience);
  const { hats } = await eventually('its crash is told', async () => {
    const status = await operator.status('hats');
    return (status.hats?.crashed.length ?? 0) > 0 && status;
  }, patience);
  expect(hats?.crashed).toEqual([
    { key: 'hats:Threads:theirs.js', error: 'Error: over (line 2, column 7)', time: expect.stringMatching(/Z$/) },
  ]);
  await client.hset('hats:Jobs:count.js', 'Cron', '0 0 0 1 1 *');
  await eventually(
    'the schedule is put right',
    async () => await client.hget('hats:Jobs:count.js', 'Cron') === '*/2 * * * * *',
    patience,
  );
});

test('scripts are listed, shown and switched from the command line', async () => {
  const { redis } = started;
  const run = async (...words: string[]) => {
    const io = testIo({});
    const code = await main(['hats', ...words, '--redis', redis.url], io);
    return { code, out: io.printed.join('\n'), err: io.failures.join('\n') };
  };
  const { out } = await run('list', 'hats');
  expect(out).toMatch(/^SCRIPT +STATE +STATUS +OWNER +ERROR\n/);
  expect(out).toMatch(/\nThreads:shout.js +running +enabled +hats-[12] *(\n|$)/);
  expect(out).toMatch(/\nThreads:theirs.js +crashed +disabled +hats-[12] +Error: over \(line 2, column 7\)(\n|$)/);
  expect(await run('disable', 'hats', 'Threads:shout.js')).toEqual({
    code: 0,
    out: 'hats:Threads:shout.js is disabled',
    err: '',
  });
  await eventually(
    'it stopped',
    async () => await redis.client.hget('hats:Threads:shout.js', 'State') === 'stopped',
    patience,
  );
  await run('enable', 'hats', 'Threads:shout.js');
  await eventually(
    'it runs',
    async () => await redis.client.hget('hats:Threads:shout.js', 'State') === 'running',
    patience,
  );
  expect((await run('show', 'hats', 'Threads:shout.js')).out).toMatch(/\nStatus +enabled\n[^]*\n\nvar said = 0;/);
  expect(await run('show', 'hats', 'Threads:none')).toMatchObject({
    code: 1,
    err: expect.stringContaining('there is no script Threads:none'),
  });
  expect(await run('show', 'hats', 'shout.js')).toMatchObject({
    code: 2,
    err: expect.stringContaining('for example Threads:shout.js'),
  });
});

test('with spec.http a Service on loopback leads to the pods that are ready, and without it there is none', async () => {
  const { operator } = started;
  const ref = { namespace: 'default', name: 'hats' };
  await operator.cluster.patch(resources.redisWorkers, ref, { spec: { http: { port: 7007 } } });
  const url = await eventually('its address is told', async () => (await operator.status('hats')).http?.url, patience);
  expect(url).toMatch(/^http:\/\/127\.0\.0\.1:70\d\d$/);
  const answer = await eventually('a pod answers', () => fetch(`${url}/`).catch(() => undefined), patience);
  expect([answer.status, await answer.text()]).toEqual([404, 'Endpoint not found\n']);
  await operator.told('hats', 'Ready', 'True');
  await operator.cluster.patch(resources.redisWorkers, ref, { spec: { http: null } });
  await eventually('the Service is gone', async () => {
    return (await operator.cluster.get(resources.services, ref)) === undefined;
  }, patience);
  await eventually('nobody listens', async () => await fetch(`${url}/`).then(() => false, () => true), patience);
  expect((await operator.status('hats')).http).toBeUndefined();
});

test('a changed script takes the place of the one before, one that is not named any more goes, and all go with the worker', async () => {
  const { redis: { client }, operator } = started;
  const { cluster } = operator;
  const ref = { namespace: 'default', name: 'hats' };
  const source = { inline: `redis.Do('SET', 'hats:second', 'yes')` };
  await cluster.patch(resources.redisWorkers, ref, {
    spec: { hats: { threads: [{ name: 'shout.js', source }], jobs: [] } },
  });
  await eventually('the new one ran', async () => await client.get('hats:second') === 'yes', patience);
  await eventually('the job is gone', async () => await client.exists('hats:Jobs:count.js') === 0, patience);
  await operator.told('hats', 'Ready', 'True');
  await cluster.delete(resources.redisWorkers, ref, {});
  await eventually('all is gone', async () => (await cluster.get(resources.redisWorkers, ref)) === undefined, patience);
  expect(
    await client.exists(
      'hats:Threads:shout.js',
      'hats:1:h',
      'hats:2:h',
      'hats:hats:written',
      'hats:hats:found',
      'hats:workers:hats-1',
    ),
  ).toBe(0);
  expect(await client.exists('hats:Threads:theirs.js')).toBe(1);
});
