/** What is told of a Redis: each finding on a server that has it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock } from '../../operator/clock.ts';
import type { Check, Finding } from '../../operator/redis/doctor/finding.ts';
import { examine } from '../../operator/redis/doctor/index.ts';
import {
  type Need,
  newsNeeds,
  operatorNeeds,
  ruleName,
  userNeeds,
  type WorkerKeys,
  workerNeeds,
} from '../../operator/redis/doctor/rights.ts';
import { RedisConnections } from '../../operator/redis/connections.ts';
import { examiningCommands, operatorUser } from '../../operator/redis/operator-rights.ts';
import { type ExaminedWorker, examineWorker } from '../../operator/redis/doctor/worker.ts';
import type { RedisTarget } from '../../operator/redis/target.ts';
import { tasksNeeds } from '../../operator/redisworker/work/tasks/needs.ts';
import { manners, startNonsense } from '../support/nonsense.ts';
import { freePort, start } from '../support/processes.ts';
import { knowsTls, noTls, redisServer, startRedis, type TestRedis } from '../support/redis.ts';
import { serverName, signedBy } from '../support/tls/certificates.ts';
import { eventually } from '../support/wait.ts';
import { userOf } from '../support/worker-user.ts';

const dir = mkdtempSync(join(tmpdir(), 'redisworker-test-'));
let redis: TestRedis;
let isValkey: boolean;

beforeAll(async () => {
  redis = await startRedis(['--dir', dir, '--repl-diskless-sync-delay', '0']);
  isValkey = (await redis.client.info('server')).includes('valkey_version');
});
afterAll(async () => {
  await redis.stop();
  rmSync(dir, { recursive: true });
});

const at = (port: number, more: Partial<RedisTarget> = {}): RedisTarget => ({
  hosts: [{ host: '127.0.0.1', port }],
  db: 0,
  topology: { kind: 'Standalone' },
  ...more,
});
const look = (
  target: RedisTarget = at(redis.port),
  { needs = [], ahead = 0 }: { readonly needs?: readonly Need[]; readonly ahead?: number } = {},
): Promise<Finding[]> =>
  examine(target, { clock: { ...systemClock, now: () => Date.now() + ahead }, deadlineMs: 2000, needs });
const of = (findings: readonly Finding[], check: Check): string =>
  findings.filter((finding) => finding.check === check).map(({ verdict, message }) => `${verdict}: ${message}`).join(
    '; ',
  );

/** Settings of a server, and what is told of it. */
const table: readonly (readonly [settings: Readonly<Record<string, string>>, check: Check, finding: string])[] = [
  [{}, 'RedisTopology', 'ok: stands alone'],
  [{}, 'RedisTLS', 'ok: speaks no TLS, which nobody can listen to on the loopback'],
  [{}, 'RedisPersistence', 'problem: keeps nothing on disk, so a restart loses every request'],
  [{ save: '3600 1 60 10000' }, 'RedisPersistence', 'warning: makes snapshots alone, at most every 60 s'],
  [{ appendonly: 'yes', appendfsync: 'everysec' }, 'RedisPersistence', 'ok: keeps an append-only file'],
  [{ appendonly: 'yes', appendfsync: 'always' }, 'RedisPersistence', 'ok: writes everything to disk'],
  [{ appendonly: 'yes', appendfsync: 'no' }, 'RedisPersistence', 'warning: leaves to the system when'],
  [{}, 'RedisMemory', 'warning: has no maxmemory, so it grows'],
  [{ maxmemory: '100mb' }, 'RedisMemory', 'ok: uses '],
  [{ maxmemory: '1' }, 'RedisMemory', 'problem: uses '],
  [{ 'maxmemory-policy': 'allkeys-lru' }, 'RedisMemory', 'problem: drops whole streams'],
  [{ 'maxmemory-policy': 'volatile-ttl' }, 'RedisMemory', 'problem: drops replies and traces before their time'],
  [{}, 'RedisReplicas', 'ok: has no replica'],
  [{ 'min-replicas-to-write': '1' }, 'RedisReplicas', 'problem: refuses writes: min-replicas-to-write is 1 and 0 of'],
  [{}, 'RedisDefaultUser', 'warning: lets in everybody on its own machine'],
  [{}, 'RedisIdleTimeout', 'ok: leaves connections open'],
  [{ timeout: '10' }, 'RedisIdleTimeout', 'warning: closes connections after 10 s'],
  [{}, 'RedisSizeLimits', 'ok: takes requests and replies of a mebibyte'],
  [{ 'proto-max-bulk-len': '1mb' }, 'RedisSizeLimits', 'warning: takes no value above 1048576 bytes'],
  [{ 'client-query-buffer-limit': '1mb' }, 'RedisSizeLimits', 'warning: ends connections that send more than 1048576'],
  [{}, 'RedisClock', "ok: has the time of this machine's clock"],
  [{}, 'RedisLatency', ': answers within '],
  [{}, 'RedisVisibility', ''],
];
const usual: Readonly<Record<string, string>> = {
  'save': '',
  'appendonly': 'no',
  'appendfsync': 'everysec',
  'maxmemory': '0',
  'maxmemory-policy': 'noeviction',
  'min-replicas-to-write': '0',
  'protected-mode': 'yes',
  'timeout': '0',
  'proto-max-bulk-len': '512mb',
  'client-query-buffer-limit': '1gb',
};

test('each setting that matters to workers is told for what it means', async () => {
  for (const [settings, check, finding] of table) {
    for (const [name, value] of Object.entries({ ...usual, ...settings })) {
      await redis.client.config('SET', name, value);
    }
    const told = of(await look(), check);
    expect(`${JSON.stringify(settings)} ${told}`).toContain(finding);
    if (finding === '') expect(told).toBe('');
  }
  for (const [name, value] of Object.entries(usual)) await redis.client.config('SET', name, value);
  expect(await redis.client.dbsize()).toBe(0);
});

test('product and version are told with what workers have by them', async () => {
  const findings = await look();
  const info = await redis.client.info('server');
  const version = /^(?:valkey|redis)_version:(.+)\r$/m.exec(isValkey ? info.replace(/^redis_version/m, 'x') : info)
    ?.[1];
  expect(of(findings, 'RedisVersion')).toBe(`ok: is ${isValkey ? 'Valkey' : 'Redis'} ${version}`);
  const knows = async (...command: string[]): Promise<boolean> => {
    const [name = '', ...args] = command;
    return await redis.client.call(name, ...args).then(() => true, (error: unknown) => !String(error).includes('ERR '));
  };
  const claims = await knows('XREADGROUP', 'GROUP', 'g', 'c', 'CLAIM', '1', 'STREAMS', 'no-such-stream', '0');
  const spares = await knows('XTRIM', 'no-such-stream', 'MINID', '0', 'ACKED');
  const expires = await knows('HEXPIRE', 'no-such-hash', '1', 'FIELDS', '1', 'f');
  const features = of(findings, 'RedisFeatures');
  expect([
    features.includes('come with the normal read'),
    features.includes('is trimmed too'),
    features.includes("a trace's fields end by themselves"),
  ]).toEqual([claims, spares, expires]);
});

test('a clock that is not that of this machine is told', async () => {
  expect(of(await look(at(redis.port), { ahead: 5000 }), 'RedisClock')).toMatch(/^warning: .* is 5\.\d s behind/);
  expect(of(await look(at(redis.port), { ahead: -90_000 }), 'RedisClock')).toMatch(
    /^problem: .* is \d\d\.\d s ahead of/,
  );
});

test('a replica, its primary and what a failover loses are told', async () => {
  await redis.client.config('SET', 'min-replicas-to-write', '1');
  const replica = await startRedis([
    '--replicaof',
    '127.0.0.1',
    String(redis.port),
    '--dir',
    mkdtempSync(join(dir, 'replica-')),
  ]);
  try {
    await eventually(
      'the replica keeps up',
      async () => of(await look(), 'RedisReplicas').startsWith('ok: has 1 replica,'),
    );
    await redis.client.config('SET', 'min-replicas-to-write', '0');
    expect(of(await look(at(replica.port)), 'RedisTopology')).toContain(
      `problem: is a replica, which takes no writes: name its primary, 127.0.0.1:${redis.port}`,
    );
    expect(of(await look(), 'RedisReplicas')).toBe(
      'warning: takes writes that none of its replicas (1) has, and a failover loses those: set min-replicas-to-write 1',
    );
    expect(of(await look(), 'RedisPersistence')).toContain('warning: keeps nothing on disk, so requests outlive');
  } finally {
    await redis.client.config('SET', 'min-replicas-to-write', '0');
    await replica.stop();
  }
});

const keys: WorkerKeys = {
  hash: 'demo:1:h',
  request: 'demo:req:x',
  responses: 'demo:res:x',
  deadLetters: 'demo:dead:x',
  retries: 'demo:retry:z',
  record: 'demo:req:x:worker:g',
  group: 'worker',
};
const everything = [...operatorNeeds(keys), ...workerNeeds(keys, 'Handler'), ...userNeeds()];

test('rights that are missing are told by name, whether the login may ask for them or has to try', async () => {
  const { client, port } = redis;
  const asks = ['+acl|dryrun', '+info', '+config|get'];
  const rights = async (...rules: string[]): Promise<string[]> => {
    await client.call('ACL', 'SETUSER', 'ann', 'reset', 'on', '>hush', ...rules);
    const findings = await look(at(port, { username: 'ann', password: 'hush' }), { needs: everything });
    expect(JSON.stringify(findings)).not.toContain('hush');
    return (['RedisRights', 'RedisUsers', 'RedisVisibility'] as const).map((check) => of(findings, check));
  };
  await client.config('SET', 'requirepass', 'locked');
  await client.call('AUTH', 'locked');
  for (const more of [['+multi', '+discard'], asks]) {
    const [without, noUsers] = await rights('~demo:*', '+@all', '-@admin', '-xadd', '-eval', ...more);
    expect(without).toBe(
      'problem: denies the user "ann" what the operator or a worker needs, EVAL on demo:1:h, XADD on demo:res:x, LPUSH on res:*, EXPIRE on res:*, HSET on req:*:h, EXPIRE on req:*:h, EVAL on demo:req:x, XADD on demo:req:x and 2 more: grant it by ACL SETUSER, as in +eval +xadd +lpush +expire +hset +pttl ~demo:1:h ~demo:res:x ~res:* ~req:*:h ~demo:req:x ~demo:dead:x',
    );
    expect(noUsers).toContain(
      'warning: does not let the user "ann" make a user of its own for each worker: grant it +acl',
    );
  }
  expect(await rights('~*', '+@all')).toEqual([
    'ok: grants the user "ann" all that the operator or a worker needs',
    'ok: lets the user "ann" make a user of its own for each worker',
    '',
  ]);
  expect((await rights('~*', '+@all', '-info', '-config'))[2]).toBe(
    'warning: does not show the user "ann" all that could be looked at here, and workers do not need it: grant it +info +config|get to see the rest',
  );
  expect(await rights('~*')).toEqual([
    '',
    '',
    'warning: does not show the user "ann" all that could be looked at here, and workers do not need it: grant it +info +config|get +acl|dryrun to see the rest',
  ]);
  expect(await client.dbsize()).toBe(0);
  expect(String(await client.call('ACL', 'LIST'))).not.toContain('redisworker-doctor');
  const closed = await look(at(port, { password: 'locked' }));
  expect(of(closed, 'RedisDefaultUser')).toBe('ok: lets nobody in without a password');
  expect(JSON.stringify(await look(at(port, { password: 'wrong' })))).toBe(
    JSON.stringify([{
      check: 'RedisReachable',
      verdict: 'problem',
      message: 'refuses the login: WRONGPASS; check the username and the password',
    }]),
  );
  await client.config('SET', 'requirepass', '');
  await client.call('ACL', 'SETUSER', 'default', 'nopass');
});

test("the least rights of the operator's login are enough for it, and it asks for nothing they do not allow", async () => {
  const { client, port } = redis;
  const login = { username: 'operator', password: 'x' };
  await client.call('ACL', 'LOG', 'RESET');
  await redis.addUser(operatorUser(login.username, login.password));
  const needs = [...operatorNeeds(keys), ...newsNeeds(), ...userNeeds()];
  expect(of(await look(at(port, login), { needs }), 'RedisVisibility')).toContain('+info +config|get +acl|dryrun');
  expect(await client.call('ACL', 'LOG')).toEqual([]);
  const rules = examiningCommands.map((command) => `+${command}`);
  await client.call('ACL', 'SETUSER', login.username, ...rules);
  const findings = await look(at(port, login), { needs });
  expect(of(findings, 'RedisRights')).toBe('ok: grants the user "operator" all that the operator needs');
  expect(of(findings, 'RedisVisibility')).toBe('');
  expect(of(findings, 'RedisTracking')).toBe(
    'ok: tells the user "operator" when a key changes, so that idle workers cost nothing',
  );
  await client.call('ACL', 'SETUSER', login.username, 'resetchannels', '-client|tracking');
  expect(of(await look(at(port, login), { needs }), 'RedisTracking')).toBe(
    'warning: does not tell the user "operator" when a key changes, so that the operator looks at every worker each 15 seconds: grant it +client|tracking +subscribe &__redis__:invalidate',
  );
  expect(of(findings, 'RedisUsers')).toBe('ok: lets the user "operator" make a user of its own for each worker');
  expect(await client.call('ACL', 'LOG')).toEqual([]);
});

test('the user the operator makes for a worker may all that is asked of one, for each runtime', async () => {
  for (const runtime of ['Handler', 'Script'] as const) {
    const user = userOf({ type: 'demo', runtime });
    await redis.addUser({ ...user, name: 'someone' });
    const login = { username: 'someone', password: user.passwords[0] ?? '' };
    const findings = await look(at(redis.port, login), { needs: workerNeeds(keys, runtime) });
    expect(of(findings, 'RedisRights')).toBe('ok: grants the user "someone" all that a worker needs');
  }
});

test('what the operator is asked to be allowed is what its login is documented to have', () => {
  const tasks = {
    responses: 'r',
    settings: { queue: 'q', details: 'd:', deadLetterStream: 'x' },
  };
  const ofTasks = tasksNeeds(tasks, 'h').filter(({ actor }) => actor === 'operator');
  const asked = [...operatorNeeds(keys), ...ofTasks, ...newsNeeds(), ...userNeeds()].map(({ command }) =>
    ruleName(command)
  );
  expect([...new Set(asked)].sort()).toEqual([...operatorUser('o', 'x').commands].sort());
});

test('of a server an author has named nothing is repeated', async () => {
  const { client, port } = redis;
  await client.call('ACL', 'SETUSER', 'hidden-name', 'reset', 'on', '>x', '~*', '+@all');
  const foreign = { foreign: { closed: [] } };
  const findings = await look(at(port, { ...foreign, username: 'hidden-name', password: 'x' }), { needs: everything });
  expect(of(findings, 'RedisRights')).toContain('hidden-name'); // the manifest's own word
  const replica = await startRedis(['--replicaof', 'secret-host', '1234', '--dir', mkdtempSync(join(dir, 'replica-'))]);
  try {
    const told = JSON.stringify(await look(at(replica.port, foreign)));
    expect(told).toContain('is a replica, which takes no writes: name its primary, or its Sentinels');
    expect(told).not.toContain('secret-host');
  } finally {
    await replica.stop();
  }
});

test.each(Object.keys(manners) as (keyof typeof manners)[])(
  'of a server that %s little is told, in bounded time and in our own words',
  async (manner) => {
    const server = await startNonsense(manner);
    const target = at(server.port, { username: 'ann', password: 'hush', foreign: { closed: [] } });
    try {
      const findings = await examine(target, { clock: systemClock, deadlineMs: 100, needs: everything });
      for (const { message } of findings) expect(message).toMatch(/^[ -~]{10,500}$/);
      expect(JSON.stringify(findings)).not.toMatch(/hush|unknown command|!!!|HTTP/);
    } finally {
      await server.stop();
    }
  },
);

test('TLS is told by its version and the end of the certificate', async ({ skip }) => {
  if (!await knowsTls()) return skip(noTls);
  const [port, signed] = await Promise.all([freePort(), signedBy(dir, 'ours')]);
  const server = await startRedis(signed.serverArgs(port, 'no'));
  try {
    const tls = { ca: signed.ca, serverName };
    const secure = await look(at(port, { tls }));
    expect(of(secure, 'RedisTLS')).toMatch(
      /^(ok: speaks TLSv1\.[23] and shows|warning: shows) a certificate for "(cache\.test|redis)" that /,
    );
    expect(of(await look(at(port, { tls, foreign: { closed: [] } })), 'RedisTLS')).not.toContain('cache.test');
    expect(of(await look(at(port, { tls: {} })), 'RedisReachable')).toContain('problem: does not pass the TLS check');
  } finally {
    await server.stop();
  }
});

test('a Cluster and a Sentinel that are named as a server of their own are told for what they are', async () => {
  const port = await freePort();
  const file = join(dir, 'sentinel.conf');
  writeFileSync(file, `port ${port}\nbind 127.0.0.1\nsentinel monitor mymaster 127.0.0.1 ${redis.port} 1\n`);
  const sentinel = start(redisServer, [file, '--sentinel']);
  const cluster = await startRedis(['--cluster-enabled', 'yes', '--dir', dir]);
  try {
    expect(of(await look(at(cluster.port)), 'RedisTopology')).toContain('problem: is part of a Cluster that serves no');
    const watching = () => look(at(port)).then((findings) => of(findings, 'RedisTopology'));
    await eventually('the Sentinel answers', async () => (await watching()) !== '');
    expect(await watching()).toBe(
      'problem: is a Sentinel, which keeps no data: name the set it watches (it watches mymaster), as in redis+sentinel://host:26379/mymaster',
    );
  } finally {
    await Promise.all([cluster.stop(), sentinel.stop()]);
  }
});

test('what a worker has in its Redis is told: keys in the way, its group, its backlog, its hashes', async () => {
  const { client } = redis;
  const connections = new RedisConnections();
  const worker: ExaminedWorker = { owner: 'default/demo/', keys, hashes: ['demo:1:h', 'demo:2:h'] };
  const told = async (): Promise<string[]> =>
    (await examineWorker(connections.control(at(redis.port)), worker)).map(({ verdict, message }) =>
      `${verdict}: ${message}`
    );
  try {
    expect(await told()).toEqual([
      'ok: finds nothing in the way of its keys',
      'ok: has no group "worker" on demo:req:x yet, which the operator makes',
      'ok: has no backlog',
      'ok: has its config hashes to itself, or none yet',
    ]);
    await client.xgroup('CREATE', keys.request, 'worker', '0', 'MKSTREAM');
    for (const ref of ['1', '2']) await client.xadd(keys.request, '*', 'ref', ref);
    await client.hset('demo:1:h', 'resource', 'default/demo/uid');
    await client.hset('demo:2:h', 'resource', 'other/demo/uid');
    await client.set(keys.deadLetters, 'x');
    expect(await told()).toEqual([
      'problem: needs a stream under "demo:dead:x", where a string is: delete or rename that, or choose another spec.handler.deadLetter',
      'ok: has its group "worker" on demo:req:x, with 0 consumers',
      'warning: has requests that nobody takes (2 not delivered, 0 with a consumer, 0 waiting for the next attempt): start its consumers',
      'problem: cannot have all of its config hashes: "demo:2:h" belongs to other/demo/uid; delete what is left over, or that worker',
    ]);
    await client.xreadgroup('GROUP', 'worker', '1', 'COUNT', 1, 'STREAMS', keys.request, '>');
    expect((await told())[2]).toBe(
      'ok: has a backlog of 2: 1 not delivered, 1 with a consumer, 0 waiting for the next attempt',
    );
  } finally {
    connections.close();
    await client.flushall();
  }
});
