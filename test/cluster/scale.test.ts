/** An operator that has much to do at once: a thousand consumers, and namespaces that go. Its nodes are none. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { configHashKey, defaultGroup, requestStreamKey } from '../../contract/keys.ts';
import { redisUserName } from '../../operator/redisworker/desired/redis-user.ts';
import { inNamespace, type KwokWorld, startKwokWorld } from '../support/control-plane/kwok-world.ts';
import { describeOnKwok } from '../support/control-plane/shared-kwok.ts';
import { withCount, worker } from '../support/gen.ts';
import type { OperatorProcess } from '../support/operator.ts';
import type { TestRedis } from '../support/redis.ts';
import { eventually } from '../support/wait.ts';

const many = 1000;
/** For a machine that does much else. */
const patienceMs = 600_000;

describeOnKwok('at scale', () => {
  let world: KwokWorld;
  let redis: TestRedis;
  let operator: OperatorProcess;

  const kubectl = (args: readonly string[]) => world.kubectl(args);
  const lease = async () => {
    const { spec } = JSON.parse(await kubectl(['get', 'lease', 'redisworker-operator', '-o', 'json'])) as {
      spec: { holderIdentity?: string; leaseTransitions?: number };
    };
    return { holder: spec.holderIdentity, transitions: spec.leaseTransitions };
  };
  const hashes = async () => {
    const ids = Array.from({ length: many }, (_, at) => configHashKey('crowd', String(at + 1)));
    return await redis.client.exists(...ids);
  };
  const users = async () => (await redis.client.call('ACL', 'USERS')) as string[];

  beforeAll(async () => {
    world = await startKwokWorld();
    ({ redis } = world);
    operator = await world.startOperator();
  });
  afterAll(() => world.stop());

  test('a namespace that is deleted with workers in it ends, and no warning is logged', async () => {
    const namespace = 'ending';
    await world.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
    await world.apply(...Array.from({ length: 20 }, (_, at) => inNamespace(namespace)(worker(`w${at}`, withCount(2)))));
    await kubectl(['-n', namespace, 'wait', '--for=condition=Ready', 'rw', '--all', '--timeout=180s']);
    const said = operator.output().length;
    await kubectl(['delete', 'namespace', namespace, '--timeout=170s']);
    expect(warningsOf(operator.output().slice(said)).join('\n')).toBe('');
    expect(await redis.client.keys('w*:h')).toEqual([]);
  }, patienceMs);

  test('a worker that is scaled to a thousand consumers at once gets them, and the lease is kept', async () => {
    await world.apply(worker('crowd', withCount(1)));
    await kubectl(['wait', '--for=condition=Ready', 'rw/crowd', '--timeout=120s']);
    const before = await lease();
    await kubectl(['scale', 'rw/crowd', `--replicas=${many}`]);
    const wanted = `jsonpath={.status.consumersReady}=${many}/${many}`;
    await kubectl(['wait', `--for=${wanted}`, 'rw/crowd', `--timeout=${patienceMs / 1000}s`]);
    expect(await lease()).toEqual(before);
    expect([operator.child.exitCode, await hashes()]).toEqual([null, many]);
  }, patienceMs);

  test('an emptied Redis gets back the hashes of a thousand consumers, their group and their user', async () => {
    const uid = await kubectl(['get', 'rw/crowd', '-o', 'jsonpath={.metadata.uid}']);
    const user = redisUserName({ uid });
    expect(await users()).toContain(user);
    await redis.client.flushall();
    await redis.client.call('ACL', 'DELUSER', user);
    await eventually('every hash is back', async () => (await hashes()) === many, patienceMs);
    await eventually('the group is back', async () => {
      const groups = (await redis.client.call('XINFO', 'GROUPS', requestStreamKey('crowd'))) as unknown[][];
      return groups.some((group) => group.includes(defaultGroup));
    }, patienceMs);
    await eventually('the user is back', async () => (await users()).includes(user), patienceMs);
  }, patienceMs);
});

/** Warnings and errors among lines of the log. */
function warningsOf(log: string): string[] {
  return log.split('\n').filter((line) => /"level":"(warn|error)"/.test(line));
}
