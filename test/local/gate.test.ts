/** The gate of real pods, told by a real operator: the canary refuses, as on a closed network. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { gateField } from '../../contract/gate.ts';
import { configHashKey } from '../../contract/keys.ts';
import { withSpec, worker } from '../support/gen.ts';
import { startTestOperator, type TestOperator } from '../support/local-operator.ts';
import { freePort } from '../support/processes.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { eventually } from '../support/wait.ts';

let redis: TestRedis;
let operator: TestOperator;
let port: number;

beforeAll(async () => {
  port = await freePort();
  [redis, operator] = await Promise.all([startRedis(), startTestOperator({ canary: `127.0.0.1:${port}` })]);
});
afterAll(async () => {
  await operator.stop();
  await redis.stop();
});

const reasons = () =>
  operator.cluster.events().map(({ type, reason }) => `${type} ${reason}`).filter((event) =>
    event.includes('NetworkPolicyNotEnforced') || event.includes('NetworkPolicyEnforced')
  );
const gateOf = (name: string) => redis.client.hget(configHashKey(name, '1'), gateField);

test('a worker whose pods are refused runs with enforcement Required, and keeps what its pods told through a change of its hash', async () => {
  const spec = { redis: { url: redis.url }, networkPolicy: { enforcement: 'Required' } };
  await operator.cluster.apply(worker('held', withSpec(spec)), 'user');
  await operator.told('held', 'Ready', 'True');
  expect(await operator.told('held', 'NetworkPolicyEnforced', 'True', 'Refused')).toBe(
    `every running pod was refused by the canary 127.0.0.1:${port} before its code ran`,
  );
  expect(reasons()).toEqual(['Normal NetworkPolicyEnforced']);
  const before = await gateOf('held');
  await redis.client.hdel(configHashKey('held', '1'), 'workerType');
  await redis.client.hset(configHashKey('held', '1'), 'repo', 'stale');
  await operator.cluster.apply({
    ...worker('held', withSpec(spec)),
    metadata: { name: 'held', namespace: 'default', labels: { look: 'again' } },
  }, 'user');
  await eventually(
    'the hash is written again',
    async () => (await redis.client.hmget(configHashKey('held', '1'), 'workerType', 'repo')).join() === 'held,',
  );
  expect(await gateOf('held')).toBe(before);
});
