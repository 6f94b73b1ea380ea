/** Each server of a set and of a Cluster has the users of the workers on it, and each Sentinel that asks for a login. */
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { replyListKey, requestStreamKey } from '../../contract/keys.ts';
import { resources } from '../../operator/cluster/cluster.ts';
import { withSpec, worker } from '../support/gen.ts';
import { startTestOperator, type TestOperator } from '../support/local-operator.ts';
import { startCluster, type TestCluster } from '../support/topologies/cluster.ts';
import { type SentinelSet, startSentinelSet } from '../support/topologies/sentinel.ts';
import { eventually } from '../support/wait.ts';

const [password, sentinelPassword] = ['of the servers', 'of the sentinels'];
let set: SentinelSet;
let cluster: TestCluster;
let behindSentinels: TestOperator;
let onCluster: TestOperator;

beforeAll(async () => {
  [set, cluster] = await Promise.all([
    startSentinelSet({ password, sentinelPassword }),
    startCluster(['--requirepass', password, '--masterauth', password], { password }),
  ]);
  [behindSentinels, onCluster] = await Promise.all([
    startTestOperator({
      redisUrl: set.url,
      redisLogin: { password },
      redisSentinelPassword: sentinelPassword,
      defaultRedisNamespaces: [],
    }),
    startTestOperator({ redisUrl: cluster.url, redisLogin: { password }, defaultRedisNamespaces: [] }),
  ]);
}, 60_000);
afterAll(async () => {
  await Promise.all([behindSentinels.stop(), onCluster.stop()]);
  await Promise.all([set.stop(), cluster.stop()]);
});

const answers = 'export default ({ data }) => data';
const start = (operator: TestOperator, name: string) =>
  operator.cluster.apply(worker(name, withSpec({ source: { inline: answers } })), 'user');

async function userOf(operator: TestOperator, name: string): Promise<string> {
  const found = await operator.cluster.get(resources.redisWorkers, { namespace: 'default', name });
  return `rw-${found?.metadata.uid}`;
}

async function hasUser(client: Redis, user: string): Promise<boolean> {
  return (await client.call('ACL', 'GETUSER', user)) !== null;
}

const allHave = (clients: readonly Redis[], user: string) =>
  eventually('every server has the user', async () => {
    const all = await Promise.all(clients.map((client) => hasUser(client, user)));
    return all.every((has) => has);
  }, 30_000);

test('behind Sentinels master and replicas have it, and a worker finds its way by a login of its own', async () => {
  await start(behindSentinels, 'watched');
  await behindSentinels.told('watched', 'Ready', 'True');
  const user = await userOf(behindSentinels, 'watched');
  await allHave(set.servers.map(({ client }) => client), user);
  const [sentinel] = set.sentinels;
  const may = (...command: string[]) => sentinel!.client.call('ACL', 'DRYRUN', user, ...command);
  expect(await may('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', set.masterName)).toBe('OK');
  expect(await may('SENTINEL', 'FAILOVER', set.masterName)).not.toBe('OK');
  const secret = await behindSentinels.cluster.get(resources.secrets, { namespace: 'default', name: 'watched-worker' });
  const texts = Object.values(secret?.data as Record<string, string>).map((text) =>
    Buffer.from(text, 'base64').toString()
  );
  expect(texts).not.toContain(password);
  expect(texts).not.toContain(sentinelPassword);
});

test('after a failover the worker answers, and its user is on the new master without anybody doing anything', async () => {
  const user = await userOf(behindSentinels, 'watched');
  const master = await set.failOver();
  expect(await hasUser(master.client, user)).toBe(true);
  const reply = await asked(master.client, 'watched', 'watched');
  expect(reply).toContain('"data":7');
});

test('in a Cluster every node has it, and a node that lost it gets it again', async () => {
  await start(onCluster, 'spread');
  await onCluster.told('spread', 'Ready', 'True');
  const user = await userOf(onCluster, 'spread');
  const nodes = cluster.ports.map((port) => cluster.nodeAt(port));
  await allHave(nodes, user);
  await nodes.at(-1)!.call('ACL', 'DELUSER', user);
  await allHave(nodes, user);
  await onCluster.cluster.delete(resources.redisWorkers, { namespace: 'default', name: 'spread' }, {});
  await eventually('no node has it any more', async () => {
    const all = await Promise.all(nodes.map((node) => hasUser(node, user)));
    return !all.includes(true);
  }, 30_000);
});

/** The reply to a request, as the server that has both keys gives it. */
async function asked(client: Redis, prefix: string, type: string): Promise<string> {
  const ref = 'after-failover';
  await client.xadd(requestStreamKey(prefix), '*', 'ref', ref, 'type', type, 'data', '7');
  return await eventually('a reply', () => client.rpop(replyListKey(ref)), 30_000);
}
