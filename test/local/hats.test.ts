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

async function hats(...words: string[]) {
  const io = testIo({});
  const code = await main(['hats', ...words, '--redis', started.redis.url], io);
  return { code, out: io.printed.join('\n'), err: io.failures.join('\n') };
}

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
  const run = hats;
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
  expect((await run('show', 'hats', 'shout.js')).out).toMatch(/^(?:.*\n)*State +running\n/);
  for (const none of ['Threads:none', 'none']) {
    expect(await run('show', 'hats', none)).toMatchObject({
      code: 1,
      err: expect.stringContaining(`there is no script ${none}; "redisworker hats list hats" shows`),
    });
  }
});

test('a script is run once and now from the command line, with what it logs and where it fails', async () => {
  const { redis } = started;
  const { client } = redis;
  const { out, err } = await eventually('it runs between two of its ticks', async () => {
    const run = await hats('run', 'hats', 'count.js');
    return run.code === 0 && run;
  }, patience);
  expect(out).toBe('');
  expect(err).toMatch(/^Jobs:count\.js ran on hats-[12] in \d+ ms$/);
  // A thread that runs keeps what it knows, and the pause between two calls is cut short.
  const talk = `var n = 0; function main() { n = n + 1; console.log('call', n); console.warn('and more'); }`;
  const key = await writeThread(redis, 'hats', 'talk.js', talk, { Hang: '3600000000000' });
  await eventually('it runs', async () => await client.hget(key, 'State') === 'running', patience);
  await eventually('it is found', async () => (await client.hkeys('hats:hats:found')).includes(key), patience);
  expect(await hats('run', 'hats', 'talk.js')).toMatchObject({ code: 0, out: 'call 1' });
  expect(await hats('run', 'hats', 'talk.js')).toMatchObject({
    code: 0,
    out: 'call 2',
    err: expect.stringMatching(/^and more\nThreads:talk\.js ran on/),
  });
  // One that is disabled is begun for this call, and stays disabled.
  await client.hset(key, 'Status', 'disabled');
  await eventually('it stopped', async () => await client.hget(key, 'State') === 'stopped', patience);
  expect(await hats('run', 'hats', 'talk.js')).toMatchObject({ code: 0, out: 'call 1' });
  expect(await client.hmget(key, 'State', 'Status')).toEqual(['stopped', 'disabled']);
  await client.hset(key, 'Source', 'console.log("before");\nnone();');
  expect(await hats('run', 'hats', 'talk.js')).toMatchObject({
    code: 1,
    out: 'before',
    err: expect.stringMatching(
      /Threads:talk\.js failed on hats-[12]: ReferenceError: 'none' is not defined \(line 2, column 1\)$/,
    ),
  });
  expect(await hats('run', 'hats', 'gone.js')).toMatchObject({
    code: 1,
    err: expect.stringContaining('there is no script gone.js'),
  });
});

test('an endpoint of the manifest answers at the Service, which has a port on loopback here', async () => {
  const { operator, redis: { client } } = started;
  const url = await eventually('its address is told', async () => (await operator.status('hats')).http?.url, patience);
  expect(url).toMatch(/^http:\/\/127\.0\.0\.1:80\d\d$/);
  const answer = await eventually('a pod answers', () => fetch(`${url}/words`).catch(() => undefined), patience);
  expect([answer.status, await answer.text()]).toEqual([200, '<p>2 words were shouted.</p>\n']);
  const asked = await fetch(`${url}/database`); // there may be one on this machine
  expect(`${asked.status} ${await asked.text()}`).toMatch(/^(200 The database is MySQL |503 no database answers at )/);
  await client.hset('hats:Endpoints:/words', 'Source', 'theirs');
  await eventually('it is put right', async () => {
    return (await (await fetch(`${url}/words`)).text()).startsWith('<p>');
  }, patience);
  await eventually('it is counted', async () => {
    return (await operator.status('hats')).hats?.endpoints?.enabled === 2;
  }, patience);
});

test('a changed script takes the place of the one before, one that is not named any more goes, and all go with the worker', async () => {
  const { redis: { client }, operator } = started;
  const { cluster } = operator;
  const ref = { namespace: 'default', name: 'hats' };
  const source = { inline: `redis.Do('SET', 'hats:second', 'yes')` };
  await cluster.patch(resources.redisWorkers, ref, {
    spec: { http: null, hats: { threads: [{ name: 'shout.js', source }], jobs: [], endpoints: [] } },
  });
  const { url = '' } = (await operator.status('hats')).http ?? {};
  await eventually('the new one ran', async () => await client.get('hats:second') === 'yes', patience);
  await eventually('the job is gone', async () => await client.exists('hats:Jobs:count.js') === 0, patience);
  await eventually('the endpoint is gone', async () => await client.exists('hats:Endpoints:/words') === 0, patience);
  await eventually(
    'the Service is gone',
    async () => (await cluster.get(resources.services, ref)) === undefined,
    patience,
  );
  await eventually('nobody listens', () => fetch(url).then(() => false, () => true), patience);
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

test("a script of a ConfigMap is followed, is nobody else's, sees the variables it may, and stays where that is asked for", async () => {
  const { redis: { client }, operator } = started;
  const { cluster } = operator;
  const scripts = { namespace: 'default', name: 'scripts' };
  const saying = (word: string) =>
    `redis.Do('HSET', 'kept:said', '${word}', env.Get('NO_COLOR') + ' ' + env.Get('HOME') + ' ' + env.Get('REDIS_URL'))`;
  const source = { configMap: { name: 'scripts', key: 'say.js' } };
  const hatsOf = (name: string, spec: object) => ({
    apiVersion: 'redisworker.dev/v1alpha1',
    kind: 'RedisWorker',
    metadata: { namespace: 'default', name },
    spec: { runtime: 'Hats', hats: { cluster: 'kept', threads: [{ name: 'say.js', source }] }, ...spec },
  });
  const more = { permissions: { env: ['NO_COLOR'] }, deletionPolicy: 'Retain' };
  await cluster.create(hatsOf('keeper', more), 'redisworker');
  await operator.told('keeper', 'SourceResolved', 'False', 'ConfigMapNotFound');
  const data = { 'say.js': saying('one') };
  await cluster.create({ apiVersion: 'v1', kind: 'ConfigMap', metadata: scripts, data }, 'redisworker');
  expect(await operator.told('keeper', 'SourceResolved', 'True')).toBe('1 script: 1 thread');
  await eventually('it ran', async () => await client.hget('kept:said', 'one') !== null, patience);
  expect(await client.hget('kept:said', 'one')).toBe('1 undefined undefined');
  await cluster.patch(resources.configMaps, scripts, { data: { 'say.js': saying('two') } });
  await eventually('the changed one ran', async () => await client.hget('kept:said', 'two') !== null, patience);
  await cluster.create(hatsOf('rival', {}), 'redisworker');
  expect(await operator.told('rival', 'Stalled', 'True', 'HashConflict')).toContain(
    'the script "kept:Threads:say.js" belongs to default/keeper/',
  );
  for (const name of ['rival', 'keeper']) {
    const ref = { namespace: 'default', name };
    await cluster.delete(resources.redisWorkers, ref, {});
    await eventually(
      `${name} is gone`,
      async () => (await cluster.get(resources.redisWorkers, ref)) === undefined,
      patience,
    );
    expect(await client.hget('kept:Threads:say.js', 'Source')).toBe(saying('two'));
  }
  expect(await client.hget('kept:Threads:say.js', 'resource')).toBeNull();
});
