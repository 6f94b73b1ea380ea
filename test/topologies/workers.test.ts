/** Whole workers on a set behind Sentinels and on a Cluster: made by the operator, asked from the command line. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { main } from '../../cli/main.ts';
import { withSpec, worker } from '../support/gen.ts';
import { testIo } from '../support/io.ts';
import { startTestOperator, type TestOperator, type TestOperatorOptions } from '../support/local-operator.ts';
import { startCluster } from '../support/topologies/cluster.ts';
import { startSentinelSet } from '../support/topologies/sentinel.ts';
import { eventually } from '../support/wait.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const answers = 'export default ({ data }) => data';
const password = 'of-the-operator';

async function operate(options: TestOperatorOptions): Promise<TestOperator> {
  const operator = await startTestOperator({ defaultRedisNamespaces: [], ...options });
  cleanups.push(() => operator.stop());
  return operator;
}

/** Runs a command against that Redis. @returns what it printed */
async function run(redisUrl: string, ...words: string[]): Promise<string> {
  const runtimeFolder = mkdtempSync(join(tmpdir(), 'redisworker-test-'));
  cleanups.push(() => rmSync(runtimeFolder, { recursive: true }));
  const io = testIo({ environment: { runtimeFolder, redisPassword: password, sentinel: { password: 'asks' } } });
  const code = await main([...words, '--redis', redisUrl], io);
  expect([code, io.failures]).toEqual([0, []]);
  return io.printed.join('\n');
}

async function counted(operator: TestOperator, total: number): Promise<void> {
  await eventually('its responses are counted', async () => {
    const { responses } = await operator.status('w');
    return responses?.succeeded !== undefined && responses.succeeded >= total;
  }, 90_000);
}

/** Applies a worker that sleeps while there is nothing to do, and waits until it does. */
async function asleep(operator: TestOperator): Promise<void> {
  const consumers = { autoscale: { max: 2, backlogPerConsumer: 10, idleSeconds: 1 } };
  await operator.cluster.apply(worker('w', withSpec({ source: { inline: answers }, consumers })), 'user');
  await sleeping(operator);
}

const sleeping = (operator: TestOperator) =>
  eventually('nobody runs', async () => {
    const { conditions = [] } = await operator.status('w');
    return conditions.some(({ reason }) => reason === 'ScaledToZero') && (await operator.pods('w')).length === 0;
  }, 90_000);

test('a worker on the Redis behind Sentinels answers before and after a failover', async () => {
  const set = await startSentinelSet({ password, sentinelPassword: 'asks' });
  cleanups.push(() => set.stop());
  const operator = await operate({ redisUrl: set.url, redisLogin: { password, sentinel: { password: 'asks' } } });
  await operator.cluster.apply(worker('w', withSpec({ source: { inline: answers } })), 'user');
  await operator.told('w', 'Ready', 'True');
  expect(await run(set.url, 'send', 'w', '"before"')).toContain('"before"');
  const master = await set.failOver();
  await eventually(
    'the user of the worker is on the new master',
    async () => String(await master.client.call('ACL', 'LIST')).includes('user rw-'),
  );
  await eventually(
    'the worker answers again',
    async () => (await run(set.url, 'send', 'w', '"after"')).includes('"after"'),
  );
  await counted(operator, 2);
});

test('a worker names a set of its own, with a login for the servers and one for the Sentinels', async () => {
  const set = await startSentinelSet({ password, sentinelPassword: 'asks' });
  cleanups.push(() => set.stop());
  const operator = await operate({});
  await operator.cluster.apply({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { namespace: 'default', name: 'logins' },
    type: 'Opaque',
    stringData: { servers: password, sentinels: 'asks' },
  }, 'user');
  const redis = {
    urls: set.sentinels.map(({ port }) => `redis://127.0.0.1:${port}/0`),
    sentinel: { masterName: set.masterName, passwordSecretRef: { name: 'logins', key: 'sentinels' } },
    passwordSecretRef: { name: 'logins', key: 'servers' },
  };
  await operator.cluster.apply(worker('w', withSpec({ source: { inline: answers }, redis })), 'user');
  await operator.told('w', 'Ready', 'True');
  expect(await run(set.url, 'send', 'w', '"mine"', '--ref', 'r1')).toContain('"mine"');
  expect(await run(set.url, 'trace', 'w', 'r1')).toMatch(
    /^w answered the request r1 with code 200 [^]*wTrace: received /,
  );
  await counted(operator, 1);
});

test('a worker on a Cluster has its keys in one slot and a user on every node, and answers', async () => {
  const cluster = await startCluster(['--requirepass', password, '--masterauth', password], { password });
  cleanups.push(() => cluster.stop());
  const operator = await operate({ redisUrl: cluster.url, redisLogin: { password } });
  await operator.cluster.apply(worker('w', withSpec({ source: { inline: answers } })), 'user');
  await operator.told('w', 'Ready', 'True');
  expect(await run(cluster.url, 'send', 'w', '"once"', '--ref', 'r1')).toContain('"once"');
  // The reply lies in another slot than the stream, and may be read before what is told of it.
  const answered = /^w answered the request r1 with code 200 [^]* on \{w\}:res:x, [^]*wTrace: received /;
  await eventually('the answer is told', async () => answered.test(await run(cluster.url, 'trace', 'w', 'r1')));
  await counted(operator, 1);
  const keys = await Promise.all((await cluster.masters()).map((port) => cluster.nodeAt(port).keys('*')));
  const owned = keys.flat().filter((key) => !/^(res|req):/.test(key));
  expect(owned).toEqual(expect.arrayContaining(['{w}:1:h', '{w}:req:x', '{w}:res:x', '{w}:req:x:worker:g']));
  expect(owned.every((key) => key.startsWith('{w}:'))).toBe(true);
  for (const port of cluster.ports) {
    expect(String(await cluster.nodeAt(port).call('ACL', 'LIST'))).toContain('user rw-');
  }
  await cluster.client.xadd('{w}:dead:x', '*', 'ref', 'a-dead-one');
  expect(await run(cluster.url, 'dead', 'list', 'w')).toContain('a-dead-one');
  await operator.cluster.apply(worker('whole', withSpec({ runtime: 'Script', source: { inline: answers } })), 'user');
  expect(await operator.told('whole', 'Ready', 'False', 'InvalidSpec')).toContain('cannot work on a Redis Cluster');
});

test('a worker that sleeps on a set behind Sentinels is woken by one request, also at the next master', async () => {
  const set = await startSentinelSet({ password, sentinelPassword: 'asks' });
  cleanups.push(() => set.stop());
  const operator = await operate({ redisUrl: set.url, redisLogin: { password, sentinel: { password: 'asks' } } });
  await asleep(operator);
  expect(await run(set.url, 'send', 'w', '"before"', '--timeout', '60')).toContain('"before"');
  await sleeping(operator);
  await set.failOver();
  expect(await run(set.url, 'send', 'w', '"after"', '--timeout', '60')).toContain('"after"');
  await counted(operator, 2);
});

test('a worker that sleeps on a Cluster is woken by one request, also after the node with its stream was killed', async () => {
  const cluster = await startCluster(['--requirepass', password, '--masterauth', password], { password });
  cleanups.push(() => cluster.stop());
  const operator = await operate({ redisUrl: cluster.url, redisLogin: { password } });
  await asleep(operator);
  expect(await run(cluster.url, 'send', 'w', '"before"', '--timeout', '60')).toContain('"before"');
  await sleeping(operator);
  await cluster.kill(await cluster.ownerOf('{w}:req:x'));
  await cluster.client.xadd('{w}:req:x', '*', 'ref', 'after', 'type', 'w', 'data', '"after"');
  await counted(operator, 2);
});
