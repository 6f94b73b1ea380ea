/** The operator dies between any two of its writes; the next one brings the same end as if nothing had happened. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import {
  configHashKey,
  defaultGroup,
  groupRecordKey,
  requestStreamKey,
  responseStreamKey,
} from '../../contract/keys.ts';
import { takenTasksKey, taskConsumerField, taskQueueKey, taskRecordKey } from '../../contract/tasks.ts';
import { type KubeObject, resources } from '../../operator/cluster/cluster.ts';
import { type LocalCluster, openLocalCluster } from '../../operator/cluster/local/index.ts';
import { examiningCommands, operatorUser } from '../../operator/redis/operator-rights.ts';
import { annotations, finalizer, labels, runtimeSecretName } from '../../operator/redisworker/model/names.ts';
import { type CommandUsage, watchOperator } from '../support/command-usage.ts';
import { withCount, withSpec, worker } from '../support/gen.ts';
import { checkInvariants, lookInto } from '../support/invariants.ts';
import { settled } from '../support/manual-clock.ts';
import { quietLog } from '../support/quiet-log.ts';
import { operatorLogin as login, startGuardedRedis, type TestRedis } from '../support/redis.ts';
import { commandStats } from '../support/server-features.ts';
import { Life, type MortalOperator, startMortalOperator } from '../support/sweep/mortal.ts';
import { type Snapshot, snapshot } from '../support/sweep/snapshot.ts';
import { moveNode } from '../support/sweep/stand-in-node.ts';

const type = 'swept';
const tasks = 'tasks';
const key = `default/${type}`;
const ref = { namespace: 'default', name: type };
const user = 'rw-uid-of-worker';
const stream = requestStreamKey(type);

let redis: TestRedis;
let cluster: LocalCluster;
let usage: CommandUsage;

beforeAll(async () => {
  redis = await startGuardedRedis();
  await redis.client.config('RESETSTAT');
  usage = await watchOperator(redis.client);
});
afterAll(async () => {
  usage.stop();
  await redis.stop();
});
beforeEach(async () => {
  cluster = await openEmpty();
});
afterEach(() => cluster.close());

const withSecret = withSpec({ secretRef: { name: 'theirs' } });
const before = worker(type, withCount(2), withSecret);
const three = worker(type, withCount(3), withSecret);
const changed = withSpec({ source: { inline: 'export default () => "new";\n', keep: 0 } });
const after = worker(type, withCount(1), withSecret, changed);

async function openEmpty(): Promise<LocalCluster> {
  let made = 0;
  await redis.client.flushall();
  await redis.client.call('ACL', 'DELUSER', user);
  const opened = await openLocalCluster({
    log: quietLog(),
    nodeName: 'n',
    uid: ({ kind }) => (kind === 'RedisWorker' ? 'uid-of-worker' : `uid-${(made += 1)}`),
  });
  await opened.apply({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'theirs', namespace: 'default' },
    data: { token: Buffer.from('sesame').toString('base64') },
  }, 'user');
  return opened;
}

/** Reconciles a worker until nothing moves any more. @returns false when the operator died on the way */
async function runToRest(operator: MortalOperator, name = type): Promise<boolean> {
  for (let round = 0; round < 60; round += 1) {
    const writes = operator.life.writes;
    if (!await operator.reconcile(`default/${name}`)) return false;
    const moved = await moveNode(cluster, redis.client, name);
    await settled();
    await settled();
    if (!moved && operator.life.writes === writes) return true;
  }
  throw new Error('the operator does not come to rest');
}

/** A whole process: started, run until rest or death, thrown away. @returns the writes it made, and whether it came to rest */
async function runOperator(life = new Life(), name = type): Promise<{ writes: number; rested: boolean }> {
  const operator = await startMortalOperator(cluster, { redisUrl: redis.url, login }, life);
  try {
    return { rested: await runToRest(operator, name), writes: life.writes };
  } finally {
    await operator.stop();
  }
}

/** At any moment: a consumer that may run finds its policy, its module, its key and its hash. */
async function expectNothingRunsBare(): Promise<void> {
  const [deployments, policies, configMaps, secrets] = await Promise.all(
    [resources.deployments, resources.networkPolicies, resources.configMaps, resources.secrets].map((kind) =>
      cluster.list(kind)
    ),
  );
  for (const deployment of deployments!) {
    const { replicas, template } = deployment.spec as {
      replicas: number;
      template: { metadata: KubeObject['metadata']; spec: { volumes: { configMap?: { name: string } }[] } };
    };
    if (replicas === 0 || deployment.metadata.deletionTimestamp !== undefined) continue;
    const netHash = template.metadata.labels?.[labels.netHash];
    expect(
      policies!.filter(({ spec }) =>
        (spec as { podSelector: { matchLabels: Record<string, string> } }).podSelector.matchLabels[labels.netHash] ===
          netHash
      ),
    ).toHaveLength(1);
    expect(configMaps!.map(({ metadata }) => metadata.name)).toContain(template.spec.volumes[0]!.configMap!.name);
    expect(secrets!.map(({ metadata }) => metadata.name)).toContain(runtimeSecretName(type));
    expect(
      await redis.client.hexists(
        configHashKey(type, template.metadata.annotations?.[annotations.consumer] ?? ''),
        'resource',
      ),
    ).toBe(1);
  }
}

/** Brings the scenario to where it begins; `change` is what the operators under test then find. */
interface Scenario {
  readonly begin?: () => Promise<unknown>;
  readonly change: () => Promise<unknown>;
}

async function begin(scenario: Scenario): Promise<void> {
  await cluster.close();
  cluster = await openEmpty();
  if (scenario.begin) {
    await scenario.begin();
    await runOperator();
  }
  await scenario.change();
}

const look = (): Promise<Snapshot> => snapshot(cluster, redis.client, runtimeSecretName(type));

const everyInvariantHolds = () =>
  checkInvariants({
    namespace: 'default',
    redis: [redis.client],
    output: () => '',
    look: lookInto(cluster, 'default'),
  });

/** Runs the scenario undisturbed, then once per write with a death after it. @returns the end all of them came to */
async function sweep(scenario: Scenario): Promise<Snapshot> {
  await begin(scenario);
  const { writes } = await runOperator();
  const golden = await look();
  for (let last = 0; last < writes; last += 1) {
    await begin(scenario);
    expect(await runOperator(new Life(last))).toEqual({ writes: last, rested: false });
    await expectNothingRunsBare();
    await runOperator();
    expect(await look(), `the end after a death behind write ${last} of ${writes}`).toEqual(golden);
    await everyInvariantHolds();
  }
  expect(writes).toBeGreaterThan(5);
  return golden;
}

const names = ({ objects }: Pick<Snapshot, 'objects'>): string[] => Object.keys(objects);

test('while a worker is made', async () => {
  const { objects, redis: left, users } = await sweep({ change: () => cluster.apply(before, 'user') });
  expect(objects[`RedisWorker ${type}`]).toMatchObject({
    finalizers: ['redisworker.dev/cleanup'],
    status: { consumersReady: '2/2' },
  });
  expect(users).toEqual({ [user]: expect.arrayContaining(['on', 'the password']) });
  expect(left).toMatchObject({ [configHashKey(type, '2')]: { owner: 'a live pod', secret: { token: 'sesame' } } });
});

/** Consumers 2 and 3 hold a request each, a third one waits. */
async function leavePending(): Promise<void> {
  for (const ref of ['a', 'b', 'c']) await redis.client.xadd(stream, '*', 'ref', ref, 'type', type);
  for (const id of ['2', '3']) await redis.client.xreadgroup('GROUP', 'worker', id, 'COUNT', 1, 'STREAMS', stream, '>');
}

test('while its code changes and consumers with unfinished requests are taken away', async () => {
  const { objects, redis: left } = await sweep({
    begin: () => cluster.apply(three, 'user'),
    change: () => leavePending().then(() => cluster.apply(after, 'user')),
  });
  expect(names({ objects }).filter((name) => /^(Deployment|NetworkPolicy|ConfigMap|Pod)/.test(name)))
    .toEqual([
      expect.stringMatching(/^ConfigMap swept-/),
      'Deployment swept-1',
      expect.stringMatching(/^NetworkPolicy swept-/),
      'Pod of 1',
    ]);
  expect(Object.keys(left)).toEqual([configHashKey(type, '1'), stream, groupRecordKey(stream, defaultGroup)]);
  expect(left[stream]).toMatchObject({ groups: [{ consumers: [{ name: '1', pending: 2 }] }] });
});

test('while its password is replaced', async () => {
  const { users } = await sweep({
    begin: () => cluster.apply(before, 'user'),
    change: () =>
      cluster.patch(resources.redisWorkers, ref, {
        metadata: { annotations: { [annotations.rotateRedisPassword]: '1' } },
      }),
  });
  expect(users[user]!.filter((rule) => rule === 'the password' || rule.startsWith('#'))).toEqual(['the password']);
});

test('while it is deleted', async () => {
  const { objects, redis: left, users } = await sweep({
    begin: () => cluster.apply(before, 'user'),
    change: () => cluster.delete(resources.redisWorkers, ref),
  });
  expect({ objects: Object.keys(objects), users, left }).toEqual({
    objects: ['Secret theirs'],
    users: {},
    left: { [stream]: { entries: [], groups: [] } },
  });
});

test('whose last finalizer is released between the look and the write, it is gone, and nothing is wrong', async () => {
  await cluster.apply({ ...before, metadata: { ...before.metadata, finalizers: [finalizer] } }, 'user');
  await cluster.delete(resources.redisWorkers, ref);
  const patch: LocalCluster['patch'] = async (...call) => {
    await cluster.patch(resources.redisWorkers, ref, { metadata: { finalizers: [] } });
    return cluster.patch(...call);
  };
  const operator = await startMortalOperator({ ...cluster, patch }, { redisUrl: redis.url, login });
  expect(await operator.reconcile(key)).toBe(true);
  expect(await cluster.get(resources.redisWorkers, ref)).toBeUndefined();
  await operator.stop();
});

test('at rest a reconcile writes nothing', async () => {
  const changes = async () => /rdb_changes_since_last_save:(\d+)/.exec(await redis.client.info('persistence'))?.[1];
  await cluster.apply(before, 'user');
  const operator = await startMortalOperator(cluster, { redisUrl: redis.url, login });
  await runToRest(operator);
  const [writes, changed] = [operator.life.writes, await changes()];
  for (let look = 0; look < 5; look += 1) await operator.reconcile(key);
  expect([operator.life.writes, await changes()]).toEqual([writes, changed]);
  await operator.stop();
});

test('after all that each right of its login was used, and it took no other one', async () => {
  await answeredAndLost();
  await runOperator();
  await tasksInHand();
  await runOperator(new Life(), tasks);
  const { commands } = operatorUser(login.username, login.password);
  // What is about users is not shown to those who listen; here only the operator makes and reads them.
  const managing = [...(await commandStats(redis.client)).keys()].filter((name) => name.startsWith('acl|'));
  expect(commands.filter((name) => !usage.used.has(name) && !managing.includes(name))).toEqual([]);
  const allowed: readonly string[] = [...commands, ...examiningCommands];
  expect([...usage.used].filter((name) => !allowed.includes(name))).toEqual([]);
});

/** A group that somebody has destroyed, whose requests are answered but for one, and a stream that was thinned out. */
async function answeredAndLost(): Promise<void> {
  await cluster.apply(before, 'user');
  await runOperator();
  const [, id] = [await redis.client.xadd(stream, '*', 'ref', 'a'), await redis.client.xadd(stream, '*', 'ref', 'b')];
  await redis.client.xadd(responseStreamKey(type), '*', 'ref', 'b', 'xid', id!);
  await redis.client.xgroup('DESTROY', stream, defaultGroup);
}

/** A consumer of tasks that is taken away has one in hand. */
async function tasksInHand(): Promise<void> {
  const those = withSpec({ runtime: 'Rhai', tasks: { circlePublicKey: 'c' } });
  await cluster.close();
  cluster = await openEmpty();
  await cluster.apply(worker(tasks, withCount(2), those), 'user');
  await runOperator(new Life(), tasks);
  const queue = taskQueueKey('c');
  await redis.client.rpush(takenTasksKey(queue, '2'), 'task');
  await redis.client.hset(taskRecordKey(queue), taskConsumerField('2'), '1');
  await cluster.apply(worker(tasks, withCount(1), those), 'user');
}
