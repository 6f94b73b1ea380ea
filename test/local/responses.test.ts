/** What may be written to a response stream, by whomever: it is counted, and holds up nobody. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { responseStreamKey } from '../../contract/keys.ts';
import { withSpec, worker } from '../support/gen.ts';
import { checkInvariants, lookInto } from '../support/invariants.ts';
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

/** A worker nobody runs, which is counted for all the same. */
async function resting(name: string): Promise<string> {
  await operator.cluster.apply(worker(name, withSpec({ suspend: true })), 'user');
  await operator.told(name, 'Ready', 'True', 'Suspended');
  await redis.client.xadd(responseStreamKey(name), '*', 'ref', 'first', 'code', '200');
  await counted(name, (responses) => responses.total === 1);
  return responseStreamKey(name);
}

type Responses = NonNullable<Awaited<ReturnType<TestOperator['status']>>['responses']>;

const counted = (name: string, isSo: (responses: Responses) => boolean): Promise<Responses> =>
  eventually(`the responses of ${name} are counted`, async () => {
    const { responses = {} } = await operator.status(name);
    return isSo(responses) && responses;
  }, 60_000);
const sumOf = (codes: Readonly<Record<string, number>> = {}) =>
  Object.values(codes).reduce((sum, count) => sum + count, 0);

/** KEYS: stream. ARGV: entries, most to keep. Of a hundred, one has no code, nine failed. */
const flood = `
for at = 1, tonumber(ARGV[1]) do
  local code = at % 100 == 0 and 'none' or at % 10 == 0 and '500' or '200'
  redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[2], '*', 'ref', 'r' .. at, 'type', 't', 'code', code, 'consumer', '1', 'ms', '5')
end`;

describe.concurrent('responses', () => {
  test('of a flood are counted to the last, what could not be read is marked, and others are counted meanwhile', async () => {
    const [stream, calm] = [await resting('flooded'), await resting('calm')];
    const [batches, batch] = [20, 10_000];
    for (let at = 1; at <= batches; at += 1) {
      await redis.client.eval(flood, 1, stream, batch, 10_000);
      await redis.client.xadd(calm, '*', 'ref', `c${at}`, 'code', '200');
    }
    const sent = batches * batch;
    const all = await counted('flooded', ({ total = 0, unreadable = 0 }) => total + unreadable === sent + 1);
    expect(all.sampled).toBeGreaterThan(0);
    expect(all.missed).toBeUndefined();
    expect([sumOf(all.codes), (all.succeeded ?? 0) + (all.failed ?? 0)]).toEqual([all.total, all.total]);
    expect(Object.keys(all.codes ?? {}).sort()).toEqual(['200', '500']);
    expect(await counted('calm', ({ total }) => total === batches + 1)).toMatchObject({ codes: { 200: batches + 1 } });
    await redis.client.xadd(stream, '*', 'ref', 'last', 'code', '418');
    const after = await counted('flooded', ({ lastCode }) => lastCode === 418);
    expect(after).toMatchObject({ total: (all.total ?? 0) + 1, sampled: all.sampled });
  });

  test('of any form are counted or counted as unreadable, never going back, whatever their ids say', async () => {
    const stream = await resting('odd');
    const totals: number[] = [];
    const add = async (id: string, ...fields: (string | Buffer)[]) => {
      await redis.client.xadd(stream, id, ...fields);
      const { total = 0, unreadable = 0 } = (await operator.status('odd')).responses ?? {};
      totals.push(total + unreadable);
    };
    const unreadable: (string | Buffer)[][] = [
      ['res', '{"code": '],
      ['ref', 'r', 'res', '{"code": '],
      ['ref', 'r', 'code', 'NaN'],
      ['ref', 'r', 'code', '1e309'],
      ['ref', '', 'code', '200'],
      ['code', '200'],
      ['', ''],
      [Buffer.from([0xff, 0xfe]), Buffer.from([0])],
      ['ref', 'r', 'big', 'x'.repeat(5_000_000)],
    ];
    for (const fields of unreadable) await add('*', ...fields);
    await add('*', 'ref', 'r', 'code', '200', 'consumer', 'of nobody', 'type', 'another', 'ms', '-1', 'attempt', 'x');
    await add('*', 'ref', 'r', 'code', '500', 'res', 'x'.repeat(5_000_000));
    await add('9999999999999-0', 'ref', 'r', 'code', '200');
    await add('*', 'ref', 'r', 'code', '200');
    const all = await counted('odd', (told) => (told.total ?? 0) + (told.unreadable ?? 0) === unreadable.length + 5);
    expect(all).toMatchObject({ total: 5, unreadable: unreadable.length, codes: { 200: 4, 500: 1 } });
    expect(Date.parse(all.lastTime ?? '')).toBeLessThanOrEqual(Date.now());
    expect(totals).toEqual([...totals].sort((one, other) => one - other));
    await redis.client.del(stream);
    await redis.client.xadd(stream, '1-1', 'ref', 'r', 'code', '200');
    expect(await counted('odd', ({ total }) => total === 6)).toMatchObject({ unreadable: unreadable.length });
  });
});

test('responses that were trimmed before they could be read are in the total, and told by a Warning', async () => {
  const stream = await resting('gapped');
  const calls = redis.client.multi().call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
  for (let at = 0; at < 50; at += 1) calls.xadd(stream, '*', 'ref', `r${at}`, 'code', '200');
  await calls.xtrim(stream, 'MAXLEN', 5).exec();
  expect(await counted('gapped', ({ total }) => total === 51)).toMatchObject({ missed: 45, sampled: 45 });
  const told = await eventually(
    'the gap is told',
    () => operator.cluster.events().find(({ ref, reason }) => ref.name === 'gapped' && reason === 'ResponsesMissed'),
  );
  expect(told).toMatchObject({
    type: 'Warning',
    message: expect.stringMatching(/^45 responses were trimmed/) as string,
  });
});

test('what was written leaves every invariant whole', () =>
  checkInvariants({
    namespace: 'default',
    redis: [redis.client],
    output: () => operator.output(),
    look: lookInto(operator.cluster, 'default'),
  }));
