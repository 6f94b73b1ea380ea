/** New code for workers that are asked all the time, with real pods: step by step, past a canary, and back. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { responseStreamKey } from '../../contract/keys.ts';
import { resources } from '../../operator/cluster/cluster.ts';
import { isReady } from '../../operator/redisworker/model/children.ts';
import { withCount, withInline, withSpec, worker } from '../support/gen.ts';
import { startOperatorOnRedis, type TestOperator } from '../support/local-operator.ts';
import type { TestRedis } from '../support/redis.ts';
import { ask } from '../support/requests.ts';
import { eventually } from '../support/wait.ts';

let redis: TestRedis;
let operator: TestOperator;
let stop: () => Promise<void>;

beforeAll(async () => {
  ({ redis, operator, stop } = await startOperatorOnRedis());
});
afterAll(() => stop());

type Change = ReturnType<typeof withInline>;

const says = (text: string) => withInline(`export default () => '${text}';\n`);
const failing = withInline(`export default () => { throw new Error('no table'); };\n`);
const ending = withInline(`throw new Error('no module');\nexport default () => 1;\n`);
const apply = (name: string, ...changes: Change[]) => operator.cluster.apply(worker(name, ...changes), 'user');

/** What callers got who never stop asking, and how few consumers were ready meanwhile. */
interface Traffic {
  /** Replies so far, as `code data`. */
  readonly replies: ReadonlyMap<string, number>;
  stop(): Promise<{ readonly fewestReady: number }>;
}

async function underTraffic(name: string): Promise<Traffic> {
  const pods = operator.cluster.follow(resources.pods);
  await pods.synced;
  const readyNow = () => pods.list().filter((pod) => isReady(pod) && pod.metadata.name.startsWith(`${name}-`)).length;
  let fewestReady = readyNow();
  pods.onChange(() => (fewestReady = Math.min(fewestReady, readyNow())));
  const replies = new Map<string, number>();
  let asks = true;
  const callers = Array.from({ length: 3 }, async () => {
    while (asks) {
      const { code, data } = await ask(redis.client, name, {}, 60);
      const reply = code === 200 ? `200 ${data as string}` : String(code);
      replies.set(reply, (replies.get(reply) ?? 0) + 1);
    }
  });
  return {
    replies,
    async stop() {
      asks = false;
      await Promise.all(callers);
      pods.stop();
      return { fewestReady };
    },
  };
}

/** Every request that was asked has one response and no more. */
async function answeredOnce(name: string, { replies }: Traffic): Promise<void> {
  const entries = await redis.client.xrange(responseStreamKey(name), '-', '+');
  const refs = entries.map(([, fields]) => fields[fields.indexOf('ref') + 1]);
  const asked = [...replies.values()].reduce((all, count) => all + count, 0);
  expect([refs.length, new Set(refs).size]).toEqual([asked, asked]);
}

const readyWith = (name: string, generation: number) =>
  eventually(`${name} is ready with generation ${generation}`, async () => {
    const { observedGeneration, conditions } = await operator.status(name);
    return observedGeneration === generation &&
      conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true;
  }, 200_000);
const canary = (more: object = {}) =>
  withSpec({ rollout: { canary: { minRequests: 20, maxFailureRatio: 0.2, seconds: 300, ...more } } });
const canaryOf = async (name: string) => (await operator.status(name)).rollout?.canary;

describe.concurrent('a worker of three that is asked all the time', () => {
  test('gets new code one by one, and no request is lost or answered twice', { timeout: 400_000 }, async () => {
    await apply('steady', withCount(3), says('old'));
    await readyWith('steady', 1);
    const traffic = await underTraffic('steady');
    await eventually('it is asked', () => (traffic.replies.get('200 old') ?? 0) > 0);
    await apply('steady', withCount(3), says('new'));
    await readyWith('steady', 2);
    const { fewestReady } = await traffic.stop();
    expect(fewestReady).toBe(2);
    expect([...traffic.replies.keys()].sort()).toEqual(['200 new', '200 old']);
    await answeredOnce('steady', traffic);
  });

  test(
    'takes back a canary that fails, while the others go on; the manifest before ends it',
    { timeout: 400_000 },
    async () => {
      await apply('careful', withCount(3), canary(), says('old'));
      await readyWith('careful', 1);
      const traffic = await underTraffic('careful');
      await apply('careful', withCount(3), canary(), failing);
      expect(await operator.told('careful', 'Stalled', 'True', 'CanaryFailed')).toMatch(
        /^new code has failed on the canary: \d+ of \d+ requests failed there and 0 of \d+ elsewhere, where 0\.2 more/,
      );
      await eventually('the canary is back', async () =>
        (await operator.status('careful')).consumersReady === '3/3' &&
        new Set((await operator.pods('careful')).map(({ metadata }) =>
            metadata.annotations?.['redisworker.dev/source-digest']
          )).size === 1, 60_000);
      const failed = traffic.replies.get('500') ?? 0;
      const before = traffic.replies.get('200 old') ?? 0;
      await eventually('they go on', () => (traffic.replies.get('200 old') ?? 0) > before + 20, 120_000);
      expect(traffic.replies.get('500')).toBe(failed);
      await apply('careful', withCount(3), canary(), says('old'));
      await readyWith('careful', 3);
      const { fewestReady } = await traffic.stop();
      expect(fewestReady).toBeGreaterThanOrEqual(2);
      await answeredOnce('careful', traffic);
    },
  );

  test('follows a canary that answers well', { timeout: 400_000 }, async () => {
    await apply('trusting', withCount(3), canary(), says('old'));
    await readyWith('trusting', 1);
    const traffic = await underTraffic('trusting');
    await apply('trusting', withCount(3), canary(), says('new'));
    await readyWith('trusting', 2);
    await traffic.stop();
    expect(await canaryOf('trusting')).toMatchObject({ verdict: 'Promoted', failed: 0 });
    expect((await canaryOf('trusting'))?.requests).toBeGreaterThanOrEqual(20);
    await answeredOnce('trusting', traffic);
  });
});

test('new code that ends as soon as it starts is taken back by the manifest before, and reaches no second consumer', async () => {
  await apply('broken', withCount(3), says('old'));
  await readyWith('broken', 1);
  await apply('broken', withCount(3), ending);
  expect(await operator.told('broken', 'Ready', 'False', 'ConsumersFailing')).toContain('2 of 3 consumers are ready');
  expect(await ask(redis.client, 'broken', {})).toMatchObject({ code: 200, data: 'old' });
  await apply('broken', withCount(3), says('old'));
  await readyWith('broken', 3);
});
