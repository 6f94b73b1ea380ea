/** Workers whose number the operator decides, with real pods: they sleep, wake, grow and shrink, and lose no request. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { configHashKey, defaultGroup, replyListKey, requestStreamKey, retryScheduleKey } from '../../contract/keys.ts';
import { encodeRequest } from '../../contract/request.ts';
import { resources } from '../../operator/cluster/cluster.ts';
import { deploymentView } from '../../operator/redisworker/model/children.ts';
import { withInline, withSpec, worker } from '../support/gen.ts';
import { checkInvariants, lookInto } from '../support/invariants.ts';
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

const slow = `export default async ({ data }: { data: { ms: number } }) => {
  await new Promise((resolve) => setTimeout(resolve, data.ms));
  return {};
};
`;

async function sleeper(name: string, autoscale: object = {}, handler: object = {}): Promise<void> {
  await operator.cluster.apply(
    worker(
      name,
      withInline(slow),
      withSpec({
        consumers: { autoscale: { max: 3, backlogPerConsumer: 2, idleSeconds: 1, ...autoscale } },
        handler: { concurrency: 1, ...handler },
      }),
    ),
    'user',
  );
  await asleep(name);
}

/** Nobody runs, and nothing of those that ran is left but the one that sleeps. */
const asleep = async (name: string) => {
  await operator.told(name, 'Ready', 'True', 'ScaledToZero');
  await eventually(
    `${name} has no pod`,
    async () => (await operator.pods(name)).length === 0 && (await operator.status(name)).replicas === 0,
    60_000,
  );
};

const xadd = async (type: string, ms = 0): Promise<string> => {
  const ref = randomUUID();
  const fields = Object.entries(encodeRequest(ref, type, JSON.stringify({ ms }))).flat();
  await redis.client.xadd(requestStreamKey(type), '*', ...fields);
  return ref;
};
/** A reply is waited for on a connection of its own. */
const answered = async (ref: string): Promise<void> => {
  const caller = redis.client.duplicate({ lazyConnect: false });
  try {
    expect(await caller.blpop(replyListKey(ref), 60)).not.toBeNull();
  } finally {
    caller.disconnect();
  }
};
const wokenBy = (name: string) =>
  eventually(`${name} wakes`, async () => (await operator.pods(name)).length > 0, 60_000);
const pendingOf = async (type: string) =>
  Number((await redis.client.xpending(requestStreamKey(type), defaultGroup))[0]);

/** Longer than it takes until what has just been done to a worker is looked at. */
const afterLooksMs = 3000;
/** Waits until the operator has no more reason to look at it. */
const leftAlone = (name: string) => {
  let [seen, since] = [-1, 0];
  return eventually(`${name} is left alone`, () => {
    const looks = operator.output().split(`"object":"default/${name}"`).length;
    if (looks !== seen) [seen, since] = [looks, Date.now()];
    return Date.now() - since > afterLooksMs;
  }, 60_000);
};

describe.concurrent('an autoscaled worker', () => {
  test('one request wakes a worker that sleeps, which sleeps again when there is nothing to do', async () => {
    await sleeper('one');
    expect(await ask(redis.client, 'one', { ms: 0 })).toMatchObject({ code: 200 });
    await asleep('one');
    expect(await operator.status('one')).toMatchObject({
      autoscale: { wanted: 0, reason: 'Idle', lastScaleTime: expect.any(String) as string },
      consumersReady: '0/0',
    });
    const deployments = (await operator.cluster.list(resources.deployments)).filter(({ metadata }) =>
      metadata.name === 'one-1'
    );
    expect(deployments.map((one) => deploymentView(one).replicas)).toEqual([0]);
  });

  test('a backlog brings consumers up to max, and every request is answered before they go', async () => {
    await sleeper('crowd');
    const refs = await Promise.all(Array.from({ length: 24 }, () => xadd('crowd', 200)));
    await eventually(
      'three consumers work',
      async () => (await operator.status('crowd')).autoscale?.wanted === 3,
      60_000,
    );
    await Promise.all(refs.map(answered));
    await asleep('crowd');
    await eventually('the consumers that left are gone from Redis', async () => {
      const consumers = await redis.client.xinfo('CONSUMERS', requestStreamKey('crowd'), defaultGroup) as unknown[][];
      return consumers.length === 1 && consumers[0]?.[1] === '1' &&
        await redis.client.exists(configHashKey('crowd', '2'), configHashKey('crowd', '3')) === 0;
    });
    expect(await pendingOf('crowd')).toBe(0);
  });

  test('an entry that was deleted before anybody took it hides none of those behind it', async () => {
    await sleeper('deleted', { backlogPerConsumer: 1000 });
    const stream = requestStreamKey('deleted');
    const first = await redis.client.xadd(stream, '*', 'ref', 'a');
    await wokenBy('deleted');
    await redis.client.xdel(stream, String(first));
    const ref = await xadd('deleted');
    await answered(ref);
    await asleep('deleted');
  });

  test('a group that was made at the end of a stream with old entries wakes for the next one', async () => {
    const stream = requestStreamKey('late');
    await redis.client.xadd(stream, '*', 'ref', 'old');
    await redis.client.xgroup('CREATE', stream, defaultGroup, '$');
    await sleeper('late');
    expect(await ask(redis.client, 'late', { ms: 0 })).toMatchObject({ code: 200 });
  });

  test('undelivered entries that were trimmed away keep nobody awake', async () => {
    await sleeper('trimmed');
    const stream = requestStreamKey('trimmed');
    await redis.client.multi().xadd(stream, '*', 'ref', 'a').xadd(stream, '*', 'ref', 'b').xtrim(stream, 'MAXLEN', 0)
      .exec();
    const ref = await xadd('trimmed');
    await answered(ref);
    await asleep('trimmed');
  });

  test('a request that was delivered to a consumer that is no more is finished', async () => {
    await sleeper('left', {}, { maxDeliveries: 5 });
    const stream = requestStreamKey('left');
    const ref = randomUUID();
    const fields = Object.entries(encodeRequest(ref, 'left', JSON.stringify({ ms: 0 }))).flat();
    await redis.client.multi().xadd(stream, '*', ...fields).xreadgroup(
      'GROUP',
      defaultGroup,
      '1',
      'STREAMS',
      stream,
      '>',
    )
      .exec();
    await answered(ref);
    await asleep('left');
    expect(await pendingOf('left')).toBe(0);
  });

  test('a consumer is not put to sleep over a backlog whose length the server does not know', async () => {
    await sleeper('thinned', { max: 1 });
    const stream = requestStreamKey('thinned');
    const refs = await Promise.all(Array.from({ length: 12 }, () => xadd('thinned', 200)));
    await wokenBy('thinned');
    const [last] = (await redis.client.xrevrange(stream, '+', '-', 'COUNT', 2)).slice(1);
    await redis.client.xdel(stream, last?.[0] ?? '');
    const gone = last?.[1][(last[1].indexOf('ref')) + 1];
    await Promise.all(refs.filter((ref) => ref !== gone).map(answered));
    await asleep('thinned');
  });

  test('what a consumer had in hand when it was killed with its pod counts until another has answered it, once', async () => {
    await sleeper('murdered', { max: 1 });
    const ref = await xadd('murdered', 1500);
    await eventually('it is at work', async () => (await pendingOf('murdered')) === 1, 60_000);
    const pid = await redis.client.hget(configHashKey('murdered', '1'), 'pid');
    const [pod] = await operator.pods('murdered');
    process.kill(Number(pid), 'SIGKILL');
    await operator.cluster.delete(resources.pods, { namespace: 'default', name: pod?.metadata.name ?? '' }, {
      gracePeriodSeconds: 0,
    });
    await eventually('it counts', async () => ((await operator.status('murdered')).stream?.backlog ?? 0) === 1, 60_000);
    await answered(ref);
    await asleep('murdered');
    expect(await pendingOf('murdered')).toBe(0);
    expect((await operator.status('murdered')).responses).toMatchObject({ total: 1, codes: { 200: 1 } });
  });

  test('a stream that is not there looks idle, and wakes its worker when it is made', async () => {
    await sleeper('missing');
    await redis.client.del(requestStreamKey('missing'));
    expect(await ask(redis.client, 'missing', { ms: 0 })).toMatchObject({ code: 200 });
  });

  test('a group that is destroyed while its worker sleeps is made anew, though nobody asks', async () => {
    await sleeper('ungrouped');
    await leftAlone('ungrouped');
    const stream = requestStreamKey('ungrouped');
    await redis.client.xgroup('DESTROY', stream, defaultGroup);
    await eventually(
      'it is back',
      async () => ((await redis.client.xinfo('GROUPS', stream)) as unknown[]).length === 1,
      60_000,
    );
    expect(await operator.pods('ungrouped')).toEqual([]);
  });

  test('a retry wakes a worker when it falls due, and not before', async () => {
    await sleeper('retried');
    const ref = randomUUID();
    const fields = Object.entries(encodeRequest(ref, 'retried', JSON.stringify({ ms: 0 }))).flat();
    const member = ['1-1', ...fields].map((part) => `$${Buffer.byteLength(part)}\r\n${part}\r\n`).join('');
    const due = Date.now() + 3000;
    await redis.client.zadd(retryScheduleKey('retried'), due, `*${fields.length + 1}\r\n${member}`);
    await operator.cluster.patch(resources.redisWorkers, { namespace: 'default', name: 'retried' }, {
      metadata: { annotations: { look: 'again' } },
    });
    await answered(ref);
    expect(Date.now()).toBeGreaterThanOrEqual(due);
    await asleep('retried');
  });
});

test('what became of them leaves every invariant whole', () =>
  checkInvariants({
    namespace: 'default',
    redis: [redis.client],
    output: () => operator.output(),
    look: lookInto(operator.cluster, 'default'),
  }));

test('while Redis is down nobody is taken away, and workers sleep and wake again afterwards', async () => {
  await sleeper('outlasting');
  const ref = await xadd('outlasting', 1500);
  await wokenBy('outlasting');
  await eventually('it is at work', async () => (await pendingOf('outlasting')) === 1, 60_000);
  const [before] = await operator.pods('outlasting');
  await redis.crash();
  await operator.told('outlasting', 'RedisReachable', 'False');
  expect((await operator.pods('outlasting')).map(({ metadata }) => metadata.uid)).toEqual([before?.metadata.uid]);
  expect((await operator.status('outlasting')).autoscale?.wanted).toBe(1);
  await redis.restart();
  await asleep('outlasting');
  expect(await redis.client.exists(replyListKey(ref))).toBe(0);
  expect(await ask(redis.client, 'outlasting', { ms: 0 })).toMatchObject({ code: 200 });
});
