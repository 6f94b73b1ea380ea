/** What people and other controllers do to workers: what a manifest asks for comes back, and nothing else is written. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { configHashKey, defaultGroup, requestStreamKey } from '../../contract/keys.ts';
import { type KwokSite, openSite, type SiteObject } from '../support/control-plane/kwok-site.ts';
import { type KwokWorld, startKwokWorld } from '../support/control-plane/kwok-world.ts';
import { describeOnKwok } from '../support/control-plane/shared-kwok.ts';
import { withCount, withSpec, worker } from '../support/gen.ts';
import { onePodPerConsumer } from '../support/invariants.ts';
import type { OperatorProcess } from '../support/operator.ts';
import { eventually } from '../support/wait.ts';

/** For a machine that does much else. */
const patienceMs = 300_000;

describeOnKwok('workers that others interfere with', () => {
  let world: KwokWorld;
  let operator: OperatorProcess;

  beforeAll(async () => {
    world = await startKwokWorld();
    operator = await world.startOperator();
  });
  afterAll(() => world.stop());

  /** Looks of the operator so far. */
  const looks = async (): Promise<number> => {
    const text = await (await fetch(`${operator.httpUrl}/metrics`)).text();
    return [...text.matchAll(/^controller_runtime_reconcile_total\{.*\} (\d+)$/gm)].reduce(
      (sum, [, count]) => sum + Number(count),
      0,
    );
  };
  const hashExists = async (type: string, id: string) =>
    (await world.redis.client.exists(configHashKey(type, id))) === 1;
  const policyOf = async (site: KwokSite, name: string) =>
    (await site.list('networkpolicies')).find(({ metadata }) => metadata.labels?.['redisworker.dev/name'] === name);
  const uids = (objects: readonly SiteObject[]) => objects.map(({ metadata }) => metadata.uid).sort();

  test(
    'two manifests of one type: the older keeps it however often they are edited, and its end promotes the other',
    async () => {
      const [one, two] = [await openSite(world, 'rivals-one'), await openSite(world, 'rivals-two')];
      const shared = withSpec({ type: 'shared' });
      await one.apply(worker('elder', shared));
      await one.ready('elder', '1/1');
      const { creationTimestamp = '' } = (await one.get('rw', 'elder'))?.metadata as { creationTimestamp?: string };
      await eventually('a second has passed', () => Date.now() >= Date.parse(creationTimestamp) + 1000);
      await two.apply(worker('younger', shared));
      await two.told('younger', 'Stalled', 'True', 'TypeConflict');
      await Promise.all([one.check(operator), two.check(operator)]);
      const since = new Date().toISOString();
      for (const round of ['1', '2', '3']) {
        const before = await looks();
        const noted = { metadata: { annotations: { 'example.com/round': round } } };
        await Promise.all([one.patch('rw', 'elder', noted), two.patch('rw', 'younger', noted)]);
        await eventually('both were looked at', async () => (await looks()) >= before + 2, patienceMs);
      }
      await Promise.all([one.check(operator), two.check(operator)]);
      expect([await one.writes(since), await two.writes(since)]).toEqual([[], []]);
      await one.kubectl('delete', 'rw', 'elder', '--timeout=120s');
      await two.ready('younger', '1/1');
      await Promise.all([one.check(operator), two.check(operator)]);
    },
    patienceMs,
  );

  test(
    '0, 1, 300, 1 and 0 consumers, the next before the last is reached: the last wins, and what was in hand is kept',
    async () => {
      const site = await openSite(world, 'tides');
      const { client } = world.redis;
      const stream = requestStreamKey('tide');
      const doubled = new Set<string>();
      const reaches = (what: string, probe: () => Promise<boolean>) =>
        eventually(what, async () => {
          for (const pair of onePodPerConsumer(await site.look())) doubled.add(pair);
          return await probe();
        }, patienceMs);
      await site.apply(worker('tide', withCount(0)));
      await site.told('tide', 'Ready', 'True');
      await site.scale('tide', 1);
      await site.ready('tide', '1/1');
      await site.scale('tide', 300);
      await reaches('a hundred have begun', () => hashExists('tide', '100'));
      for (const id of ['1', '42', '99']) {
        await client.xadd(stream, '*', 'ref', id, 'type', 'tide');
        await client.xreadgroup('GROUP', defaultGroup, id, 'COUNT', 1, 'STREAMS', stream, '>');
      }
      await site.scale('tide', 1);
      await reaches(
        'one is left',
        async () => (await site.pods('tide')).length === 1 && !(await hashExists('tide', '2')),
      );
      await site.ready('tide', '1/1');
      await site.check(operator);
      const inHand = async () => (await client.xpending(stream, defaultGroup))[3];
      expect(await inHand()).toEqual([['1', '3']]);
      await site.scale('tide', 0);
      await reaches('nobody is left', async () => (await site.list('deployments')).length === 0);
      await site.ready('tide', '0/0');
      await site.check(operator);
      expect([await inHand(), [...doubled]]).toEqual([[['1', '3']], []]);
    },
    patienceMs,
  );

  test(
    'a second writer and a manifest that is applied over and over: theirs stays, ours comes back, the last one wins',
    async () => {
      const site = await openSite(world, 'fought');
      await site.apply(worker('fought', withCount(2)));
      await site.ready('fought', '2/2');
      const closed = JSON.stringify((await policyOf(site, 'fought'))?.spec);
      const silences: number[] = [];
      for (let round = 0; round < 20; round += 1) {
        const noted = { metadata: { annotations: { 'example.com/round': `${round}` } } };
        const policy = await policyOf(site, 'fought');
        await Promise.all([
          site.apply(worker('fought', withCount(2 + round % 2))),
          site.patch('rw', 'fought', noted),
          site.patch('deployment', 'fought-1', noted),
          site.patch('networkpolicy', policy?.metadata.name ?? '', { ...noted, spec: { egress: [{}] } }),
        ]);
        if ((await site.get('rw', 'fought'))?.status?.conditions?.length === undefined) silences.push(round);
      }
      await site.ready('fought', '3/3');
      await eventually(
        'the policy is closed',
        async () => JSON.stringify((await policyOf(site, 'fought'))?.spec) === closed,
        patienceMs,
      );
      const noted = [
        await site.get('rw', 'fought'),
        await site.get('deployment', 'fought-1'),
        await policyOf(site, 'fought'),
      ];
      expect(noted.map((object) => object?.metadata.annotations?.['example.com/round'])).toEqual(['19', '19', '19']);
      expect(silences).toEqual([]);
      await site.check(operator);
    },
    patienceMs,
  );

  test('what somebody strips, opens or deletes is mended, and no pod is started again for it', async () => {
    const site = await openSite(world, 'stripped');
    await site.apply(worker('a', withCount(2)), worker('b'), worker('c', withCount(2)));
    await Promise.all([site.ready('a', '2/2'), site.ready('b', '1/1'), site.ready('c', '2/2')]);
    const before = uids(await site.list('pods'));
    const [opened, deleted] = [await policyOf(site, 'a'), await policyOf(site, 'b')];
    const key = configHashKey('c', '1');
    const hash = await world.redis.client.hgetall(key);
    await Promise.all([
      site.patch('deployment', 'a-1', {
        metadata: { ownerReferences: null, labels: { 'redisworker.dev/consumer': null } },
      }),
      site.patch('rw', 'a', { metadata: { finalizers: null } }),
      site.patch('networkpolicy', opened?.metadata.name ?? '', { spec: { egress: [{}] } }),
      site.kubectl('delete', 'networkpolicy', deleted?.metadata.name ?? ''),
      site.kubectl('delete', 'configmap', '-l', 'redisworker.dev/name=c'),
      world.redis.client.hdel(key, 'requestStream', 'consumerId'),
    ]);
    await eventually('all of it is mended', async () => {
      const sources = (await site.list('configmaps')).map(({ metadata }) => metadata.labels?.['redisworker.dev/name']);
      return JSON.stringify((await policyOf(site, 'a'))?.spec) === JSON.stringify(opened?.spec) &&
        (await policyOf(site, 'b')) !== undefined && sources.includes('c') &&
        (await site.get('rw', 'a'))?.metadata.finalizers?.length === 1 &&
        (await world.redis.client.hget(key, 'requestStream')) === hash['requestStream'];
    }, patienceMs);
    await site.check(operator);
    expect(uids(await site.list('pods'))).toEqual(before);
  }, patienceMs);

  test(
    'a worker that is deleted, in whatever manner and at whatever time, goes with all it had, and nothing is made meanwhile',
    async () => {
      const site = await openSite(world, 'deleted');
      const manners = ['while-down', 'foreground', 'stuck', 'no-redis'];
      await site.apply(...manners.map((name) => worker(name, withCount(2))));
      await Promise.all(manners.map((name) => site.ready(name, '2/2')));
      const remove = (name: string, cascade = 'background') =>
        site.kubectl('delete', 'rw', name, '--wait=false', `--cascade=${cascade}`);

      await operator.stop(20_000);
      const since = new Date().toISOString();
      await remove('while-down');
      operator = await world.startOperator();
      await site.gone('while-down');

      await remove('foreground', 'foreground');
      await site.gone('foreground');

      const [held] = await site.pods('stuck');
      const holding = (finalizers: string[] | null) =>
        site.patch('pod', held?.metadata.name ?? '', { metadata: { finalizers } });
      await holding(['example.com/held']);
      await remove('stuck');
      await eventually('its other pod is gone', async () => (await site.pods('stuck')).length === 1, patienceMs);
      await site.told('stuck', 'Ready', 'False', 'Deleting');
      expect((await site.get('rw', 'stuck'))?.metadata.finalizers).toHaveLength(1);
      await holding(null);
      await site.gone('stuck');

      await world.redis.crash();
      await remove('no-redis');
      await site.told('no-redis', 'Ready', 'False', 'RedisUnreachable');
      await world.redis.restart();
      await site.gone('no-redis');

      await site.check(operator);
      expect((await site.writes(since)).filter((write) => write.startsWith('create'))).toEqual([]);
      expect(await site.list('deployments,pods,networkpolicies')).toEqual([]);
      for (const name of manners) expect(await hashExists(name, '1')).toBe(false);
    },
    patienceMs,
  );

  test('a worker and a namespace that are made anew under their old names begin anew', async () => {
    const site = await openSite(world, 'again');
    const uidOf = async () => (await site.get('rw', 'again'))?.metadata.uid ?? '';
    const owner = async () => (await world.redis.client.hget(configHashKey('again', '1'), 'resource')) ?? '';
    const madeAnew = async (from: string) => {
      await site.ready('again', '2/2');
      const uid = await uidOf();
      expect(uid).not.toBe(from);
      expect(await owner()).toBe(`again/again/${uid}`);
      await site.check(operator);
      return uid;
    };
    await site.apply(worker('again', withCount(2)));
    const first = await madeAnew('');
    await site.kubectl('delete', 'rw', 'again', '--wait=false');
    await eventually('it was made anew', async () => {
      await site.apply(worker('again', withCount(2))); // as a GitOps controller does, from the first moment on
      return ![first, ''].includes(await uidOf());
    }, patienceMs);
    const second = await madeAnew(first);
    await world.kubectl(['delete', 'namespace', 'again', '--timeout=200s']);
    await openSite(world, 'again');
    await site.apply(worker('again', withCount(2)));
    await madeAnew(second);
  }, patienceMs);
});
