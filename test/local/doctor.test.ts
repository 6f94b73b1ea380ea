/** `redisworker doctor` on a real server: what it prints, and how it ends. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { main } from '../../cli/main.ts';
import { sessionFiles, writeSession } from '../../cli/session-files.ts';
import { taskQueueKey, taskRecordKey } from '../../contract/tasks.ts';
import { testIo } from '../support/io.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';

const dir = mkdtempSync(join(tmpdir(), 'redisworker-test-'));
let redis: TestRedis;

beforeAll(async () => {
  redis = await startRedis(['--requirepass', 'hush', '--maxmemory', '100mb', '--dir', dir], { password: 'hush' });
  await redis.client.config('SET', 'appendonly', 'yes');
});
afterAll(async () => {
  await redis.stop();
  rmSync(dir, { recursive: true });
});

async function doctor(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  const io = testIo({ environment: { runtimeFolder: dir, redisPassword: 'hush' } });
  const code = await main(['doctor', ...argv], io);
  const [out, err] = [io.printed.join('\n'), io.failures.join('\n')];
  expect(out + err).not.toContain('hush');
  return { code, out, err };
}

function manifest(name: string, ...specs: object[]): string {
  const file = join(dir, `${name}.yaml`);
  const workers = specs.map((spec, at) => ({
    apiVersion: 'redisworker.dev/v1alpha1',
    kind: 'RedisWorker',
    metadata: { name: `${name}-${at}` },
    spec: { source: { inline: 'export default () => 1' }, ...spec },
  }));
  writeFileSync(file, workers.map((one) => JSON.stringify(one)).join('\n---\n'));
  return file;
}

test('a Redis without a problem ends with code 0, and with code 1 once it has one', async () => {
  const well = await doctor('--redis', redis.url);
  expect(well.out).toContain(`Redis at 127.0.0.1:${redis.port}\n✓ RedisVersion       is `);
  expect(well.out).toContain('✓ RedisDefaultUser   lets nobody in without a password');
  expect(well).toMatchObject({ code: 0, err: expect.stringMatching(/^0 problems, /) as string });
  await redis.client.config('SET', 'maxmemory-policy', 'allkeys-lru');
  const ill = await doctor('--redis', redis.url);
  expect(ill.out).toContain('\n✗ RedisMemory        drops whole streams, with every request in them,');
  expect(ill).toMatchObject({ code: 1, err: expect.stringMatching(/^1 problem, /) as string });
  await redis.client.config('SET', 'maxmemory-policy', 'noeviction');
  expect(await redis.client.dbsize()).toBe(0);
});

test('a Redis that lets nobody in is a problem, and what it is called with is checked', async () => {
  expect(await doctor('--redis', `redis://:wrong@127.0.0.1:${redis.port}`)).toEqual({
    code: 1,
    out:
      `Redis at 127.0.0.1:${redis.port}\n✗ RedisReachable   refuses the login: WRONGPASS; check the username and the password`,
    err: '1 problem, 0 warnings',
  });
  expect(await doctor()).toMatchObject({ code: 2, err: expect.stringContaining('the Redis is not known') as string });
  expect(await doctor('--redis', 'localhost')).toMatchObject({ code: 2, out: '' });
  expect(await doctor('/nowhere.yaml')).toMatchObject({ code: 2, out: '' });
  expect(await doctor(manifest('wrong', { consumers: { count: -1 } }), '--redis', redis.url)).toMatchObject({
    code: 1,
    out: '',
    err: expect.stringContaining('consumers.count') as string,
  });
});

test('the workers of a manifest are examined with their own Redis, and what is in Secrets is said to be missing', async () => {
  await redis.client.call('ACL', 'SETUSER', 'ann', 'on', '>hush', '~own:*', '~res:*', '~req:*:h', '+@all', '-xadd');
  await redis.client.set('own:dead:x', 'in the way');
  const file = manifest(
    'mixed',
    { type: 'own', redis: { url: redis.url, username: 'ann', passwordSecretRef: { name: 's', key: 'p' } } },
    { type: 'common' },
  );
  const files = await sessionFiles('up', { runtimeFolder: dir });
  await writeSession(files, { name: 'up', pid: process.pid, redisUrl: redis.url, ownRedisPassword: 'hush' });
  const { code, out, err } = await doctor(file, '-o', 'json');
  expect(err).toBe('the Secrets of mixed-0 are not read here: give its password (REDISCLI_AUTH) where they are needed');
  const { redis: reports, ...counts } = JSON.parse(out) as {
    redis: { subject: string; findings: Entry[]; workers: { name: string; findings: Entry[] }[] }[];
  };
  expect(reports.map(({ subject, workers }) => [subject, workers.map(({ name }) => name)])).toEqual([
    [`Redis at 127.0.0.1:${redis.port} (user "ann")`, ['default/mixed-0']],
    [`Redis at 127.0.0.1:${redis.port}`, ['default/mixed-1']],
  ]);
  const problems = reports.flatMap((report) => [report, ...report.workers]).flatMap(({ findings }) => findings)
    .filter(({ verdict }) => verdict === 'problem');
  expect(problems.map(({ message }) => message)).toEqual([
    'denies the user "ann" what a worker needs, XADD on own:res:x, XADD on own:req:x, XADD on own:dead:x: grant it by ACL SETUSER, as in +xadd ~own:res:x ~own:req:x ~own:dead:x',
    'needs a stream under "own:dead:x", where a string is: delete or rename that, or choose another spec.handler.deadLetter',
  ]);
  expect(code).toBe(1);
  expect(counts).toMatchObject({ problems: 2 });
  expect((await doctor()).code).toBe(0);
  await redis.client.del('own:dead:x');
});

test('of a worker on a list of tasks the list is examined, and what its pods may do there', async () => {
  const queue = taskQueueKey('02ab');
  await redis.client.call('ACL', 'SETUSER', 'eve', 'on', '>hush', '~*', '+@all', '-blmove', '-lpos');
  await redis.client.rpush(queue, 't1', 't2');
  const tasks = { runtime: 'Rhai', source: { inline: '1' }, tasks: { circlePublicKey: '02ab' } };
  const file = manifest('sums', { ...tasks, redis: { url: redis.url, username: 'eve' } });
  const { out, code } = await doctor(file);
  expect(out).toContain('denies the user "eve" what a worker needs, BLMOVE on rhai_tasks:02ab');
  expect(out).toContain('WorkerBacklog   has tasks that nobody takes (2 in the list, 0 with a consumer)');
  expect(code).toBe(1);
  await redis.client.hset(taskRecordKey(queue), { resource: 'shop/other/uid', 'consumer:1': '1' });
  const taken = await doctor(file);
  expect(taken.out).toContain('cannot have the list rhai_tasks:02ab, which belongs to shop/other/uid');
  await redis.client.del(queue, taskRecordKey(queue));
  await redis.client.set(queue, 'in the way');
  expect((await doctor(file)).out).toContain('needs a list under "rhai_tasks:02ab", where something else is');
  await redis.client.del(queue);
});

test('of a worker of a HATS cluster the scripts are examined, those that failed and those that are left over among them', async () => {
  const { client } = redis;
  const script = (name: string) => ({ name, source: { inline: '1' } });
  const hats = { threads: [script('a.js'), script('b.js')], jobs: [{ ...script('c.js'), cron: '@hourly' }] };
  const file = manifest('scripts', { runtime: 'Hats', source: undefined, hats, redis: { url: redis.url } });
  const first = await doctor(file);
  expect(first.out).toContain('Worker default/scripts-0\n✓ WorkerKeys      finds nothing in the way of its scripts');
  expect(first.out).toContain('has 0 of the 3 scripts of its manifest in Redis, where the operator writes the others');
  const resource = 'default/scripts-0/uid';
  await client.set('scripts-0:Threads:a.js', 'in the way');
  await client.hset('scripts-0:Threads:b.js', { resource: 'shop/other/uid', Source: '1' });
  const failure = { State: 'crashed', Error: 'Error: over', ErrorAt: '2:7' };
  await client.hset('scripts-0:Jobs:c.js', { resource, Source: '1', ...failure });
  await client.hset('scripts-0:Jobs:old.js', { resource, Source: '1' });
  await client.hset('scripts-0:hats:written', { 'scripts-0:Jobs:c.js': '', 'scripts-0:Jobs:old.js': '' });
  const { out, code } = await doctor(file);
  expect(out).toContain('✗ WorkerKeys      needs a hash under "scripts-0:Threads:a.js", where something else is');
  expect(out).toContain(
    '✗ WorkerKeys      cannot have the script "scripts-0:Threads:b.js", which belongs to shop/other/uid',
  );
  expect(out).toContain(
    '! WorkerScripts   has scripts in Redis that its manifest does not name, and that run: scripts-0:Jobs:old.js',
  );
  expect(out).toContain(
    'has scripts that failed and run no more: scripts-0:Jobs:c.js (Error: over (line 2, column 7))',
  );
  expect(code).toBe(1);
  const keys = ['Threads:a.js', 'Threads:b.js', 'Jobs:c.js', 'Jobs:old.js', 'hats:written'];
  await client.del(...keys.map((key) => `scripts-0:${key}`));
});

interface Entry {
  readonly check: string;
  readonly verdict: string;
  readonly message: string;
}
