/** What the status of a worker tells that writes next to nothing: every answer, by code and consumer, whatever is kept. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { requestStreamKey } from '../../contract/keys.ts';
import { withCount, withInline, withSpec, worker } from '../support/gen.ts';
import { startOperatorOnRedis, type TestOperator } from '../support/local-operator.ts';
import type { TestRedis } from '../support/redis.ts';
import { eventually } from '../support/wait.ts';

let redis: TestRedis;
let operator: TestOperator;
let stop: () => Promise<void>;

beforeAll(async () => {
  ({ redis, operator, stop } = await startOperatorOnRedis());
});
afterAll(() => stop());

type Change = ReturnType<typeof withInline>;

const answering = (version: number) =>
  withInline(`import { Reply } from "redisworker"; // version ${version}
export default ({ data }) => new Reply(data.code, {});\n`);
const lean = withSpec({ stream: { replies: 'Disabled', responses: 'Failures', traces: 'Disabled' } });
const apply = (name: string, ...changes: Change[]) => operator.cluster.apply(worker(name, ...changes), 'user');

async function send(type: string, code: number, times: number): Promise<void> {
  const adding = redis.client.pipeline();
  for (let at = 0; at < times; at++) {
    const fields = { ref: randomUUID(), type, data: JSON.stringify({ code }) };
    adding.xadd(requestStreamKey(type), '*', ...Object.entries(fields).flat());
  }
  await adding.exec();
}

const responses = async (name: string) => (await operator.status(name)).responses ?? {};

const readyWith = (name: string, generation: number) =>
  eventually(`${name} is ready with generation ${generation}`, async () => {
    const { observedGeneration, conditions } = await operator.status(name);
    return observedGeneration === generation &&
      conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true;
  }, 120_000);

test('the totals are exact where failures alone are written, and go on when all are again', async () => {
  await apply('sparing', withCount(2), answering(1), lean);
  await readyWith('sparing', 1);
  await send('sparing', 200, 500);
  await send('sparing', 409, 20);
  await eventually('all are counted', async () => (await responses('sparing')).total === 520, 60_000);
  const { codes, succeeded, failed, counted } = await responses('sparing');
  expect({ codes, succeeded, failed, counted }).toEqual({
    codes: { 200: 500, 409: 20 },
    succeeded: 500,
    failed: 20,
    counted: { 200: 500 },
  });
  const { consumers = [], stream } = await operator.status('sparing');
  const sum = (field: 'total' | 'failed' | 'counted') => consumers.reduce((all, row) => all + (row[field] ?? 0), 0);
  expect([sum('total'), sum('failed'), sum('counted')]).toEqual([520, 20, 500]);
  expect(stream).toMatchObject({ backlog: 0, pending: 0 });
  await apply('sparing', withCount(2), answering(1));
  await readyWith('sparing', 2);
  await send('sparing', 200, 30);
  await eventually('those after it are counted', async () => (await responses('sparing')).total === 550, 60_000);
  await apply('sparing', withCount(2), answering(1), lean);
  await readyWith('sparing', 3);
  await send('sparing', 204, 7);
  await eventually('and those after that', async () => (await responses('sparing')).total === 557, 60_000);
  expect((await responses('sparing')).codes).toEqual({ 200: 530, 204: 7, 409: 20 });
});

test('a canary is judged by what it counts', async () => {
  const rollout = withSpec({ rollout: { canary: { minRequests: 20, maxFailureRatio: 0.2, seconds: 300 } } });
  await apply('careful', withCount(2), answering(1), lean, rollout);
  await readyWith('careful', 1);
  await send('careful', 200, 10);
  await eventually('they are counted', async () => (await responses('careful')).total === 10, 60_000);
  await apply('careful', withCount(2), answering(2), lean, rollout);
  const verdict = await eventually('the canary is judged', async () => {
    await send('careful', 200, 10);
    const { rollout: { canary } = {} } = await operator.status('careful');
    return canary?.verdict === 'Promoted' ? canary : undefined;
  }, 120_000);
  expect(verdict.requests).toBeGreaterThanOrEqual(20);
  expect(verdict.failed).toBe(0);
});
