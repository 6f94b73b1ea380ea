/** What machines do to workers and to the operator: processes that stand still, servers that forget, pods that fail, and rest. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { configHashKey, responseStreamKey } from '../../contract/keys.ts';
import { type KwokSite, openSite } from '../support/control-plane/kwok-site.ts';
import { type KwokWorld, startKwokWorld } from '../support/control-plane/kwok-world.ts';
import { describeOnKwok } from '../support/control-plane/shared-kwok.ts';
import { withCount, withIds, withSpec, worker } from '../support/gen.ts';
import type { OperatorProcess } from '../support/operator.ts';
import { eventually } from '../support/wait.ts';

/** For a machine that does much else. */
const patienceMs = 300_000;

describeOnKwok('on a bad day of machines', () => {
  let world: KwokWorld;
  let operator: OperatorProcess;

  beforeAll(async () => {
    world = await startKwokWorld();
  });
  afterAll(() => world.stop());

  const holder = async () => {
    const { spec } = JSON.parse(await world.kubectl(['get', 'lease', 'redisworker-operator', '-o', 'json'])) as {
      spec: { holderIdentity?: string };
    };
    return spec.holderIdentity;
  };
  const policyOf = async (site: KwokSite, name: string) =>
    (await site.list('networkpolicies')).find(({ metadata }) => metadata.labels?.['redisworker.dev/name'] === name);
  const respond = (type: string, count: number) => {
    const calls = world.redis.client.pipeline();
    for (let at = 0; at < count; at += 1) {
      calls.xadd(responseStreamKey(type), '*', 'ref', `r${at}`, 'type', type, 'code', '200', 'consumer', '1');
    }
    return calls.exec();
  };
  const counted = (site: KwokSite, name: string, total: number) =>
    eventually(
      `${total} responses of ${name} are counted`,
      async () => (await site.get('rw', name))?.status?.responses?.total === total,
      patienceMs,
    );

  test(
    'a leader that stands still past its lease is followed by another, and ends when it goes on, without a write',
    async () => {
      const site = await openSite(world, 'led');
      const first = await world.startOperator();
      const second = await world.startOperator({ awaitReady: false });
      await site.apply(worker('led', withCount(2)));
      await site.ready('led', '2/2');
      await respond('led', 20);
      await counted(site, 'led', 20);
      const before = await holder();
      first.child.kill('SIGSTOP');
      await site.scale('led', 3);
      await respond('led', 100);
      await world.redis.client.xtrim(responseStreamKey('led'), 'MAXLEN', 10);
      await eventually('another leads', async () => ![before, undefined, ''].includes(await holder()), patienceMs);
      await site.ready('led', '3/3');
      await counted(site, 'led', 120);
      const opened = await policyOf(site, 'led');
      first.child.kill('SIGCONT');
      expect(await first.ended).not.toBe(0);
      await site.patch('networkpolicy', opened?.metadata.name ?? '', { spec: { egress: [{}] } });
      await eventually(
        'the policy is closed again',
        async () => JSON.stringify((await policyOf(site, 'led'))?.spec) === JSON.stringify(opened?.spec),
        patienceMs,
      );
      await eventually(
        'the gap is told',
        async () =>
          (await site.kubectl('get', 'events', '-o', 'jsonpath={.items[*].message}')).includes(
            '90 responses were trimmed',
          ),
        patienceMs,
      );
      await site.check(first, second);
      await second.stop(20_000);
    },
    patienceMs,
  );

  test(
    'a watch that was cut while everything changed, and an API server that has forgotten what happened, cost nothing',
    async () => {
      operator = await world.startOperator({ args: ['--no-leader-elect'] });
      const site = await openSite(world, 'blind');
      await site.apply(worker('grows', withCount(2)), worker('loses'), worker('goes'));
      await Promise.all([site.ready('grows', '2/2'), site.ready('loses', '1/1'), site.ready('goes', '1/1')]);
      const [policy, [pod]] = [await policyOf(site, 'grows'), await site.pods('loses')];
      operator.child.kill('SIGSTOP');
      await Promise.all([
        site.kubectl('delete', 'networkpolicy', policy?.metadata.name ?? ''),
        site.kubectl('delete', 'deployment', 'grows-1', '--wait=false'),
        site.kubectl('delete', 'configmap', '-l', 'redisworker.dev/name=loses'),
        site.kubectl('delete', 'pod', pod?.metadata.name ?? '', '--wait=false'),
        site.kubectl('delete', 'rw', 'goes', '--wait=false'),
        site.scale('grows', 3),
        site.apply(worker('comes', withCount(2))),
        world.redis.client.del(configHashKey('grows', '2')),
      ]);
      await world.cluster.forgetHistory();
      await world.cluster.restartApiServer();
      operator.child.kill('SIGCONT');
      await site.gone('goes');
      await Promise.all([site.ready('grows', '3/3'), site.ready('loses', '1/1'), site.ready('comes', '2/2')]);
      await eventually('the policy is back', async () => (await policyOf(site, 'grows')) !== undefined, patienceMs);
      await site.check(operator);
      expect(operator.child.exitCode).toBeNull();
    },
    patienceMs,
  );

  test(
    'of pods that fail, each in its way, every consumer says why; the others go on, and a pod that was lost is replaced once',
    async () => {
      const site = await openSite(world, 'ill');
      const nowhere = { pod: { nodeSelector: { 'example.com/there': 'no' } } };
      await site.apply(
        worker('ill', withIds(...Object.keys(illnesses), 'evicted', 'well')),
        worker('unplaced', withSpec(nowhere)),
      );
      await site.ready('ill', '7/7');
      const podOf = async (id: string) =>
        (await site.pods('ill')).find(({ metadata }) => metadata.annotations?.['redisworker.dev/consumer-id'] === id);
      const [healthy, evicted] = [await podOf('well'), await podOf('evicted')];
      const befall = async (id: string, status: object) =>
        site.patch('pod', (await podOf(id))?.metadata.name ?? '', { status }, '--subresource=status');
      for (const [id, [, status]] of Object.entries(illnesses)) await befall(id, status);
      await befall('evicted', { phase: 'Failed', reason: 'Evicted', message: 'The node was low on memory.' });
      const reasons = async () =>
        Object.fromEntries(
          ((await site.get('rw', 'ill'))?.status?.consumers ?? []).map(({ id, reason }) => [id, reason]),
        );
      const wanted = Object.fromEntries(Object.entries(illnesses).map(([id, [reason]]) => [id, reason]));
      await eventually('each has its reason', async () => {
        const told = await reasons();
        return Object.entries(wanted).every(([id, reason]) => told[id] === reason) && told['evicted'] === undefined;
      }, patienceMs);
      expect(await site.told('ill', 'Ready', 'False', 'ConsumersFailing')).toMatch(/^2 of 7 consumers are ready/);
      await eventually(
        'it says why it has no pod',
        async () => (await site.told('unplaced', 'Ready', 'False')).includes('cannot be scheduled'),
        patienceMs,
      );
      const [still, next] = [await podOf('well'), await podOf('evicted')];
      expect(still?.metadata.uid).toBe(healthy?.metadata.uid);
      expect(next?.metadata.uid).not.toBe(evicted?.metadata.uid);
      expect((await site.list('pods')).filter(({ status }) => status?.phase === 'Failed')).toEqual([]);
      expect(await site.list('pods')).toHaveLength(8);
      for (const id of Object.keys(illnesses)) await befall(id, health);
      await site.ready('ill', '7/7');
      await site.check(operator);
    },
    patienceMs,
  );

  test(
    'a hundred workers at rest cost nothing, and those that answer cost one write of their counters now and then',
    async () => {
      const site = await openSite(world, 'resting');
      const names = Array.from({ length: 100 }, (_, at) => `rest-${at}`);
      await site.apply(...names.map((name) => worker(name)));
      await site.kubectl('wait', '--for=condition=Ready', 'rw', '--all', '--timeout=240s');
      await site.check(operator);
      const [asked, since, begun] = [names.slice(0, 5), new Date().toISOString(), Date.now()];
      let rounds = 0;
      await eventually('they have answered for a while', async () => {
        for (const name of asked) await respond(name, 2);
        rounds += 1;
        return Date.now() - begun > 20_000;
      }, patienceMs);
      for (const name of asked) await counted(site, name, rounds * 2);
      const writes = await site.writes(since);
      const seconds = (Date.now() - begun) / 1000;
      for (const name of asked) {
        const own = writes.filter((write) => write === `patch redisworkers/status ${name}`);
        expect(own.length).toBeGreaterThan(0);
        expect(own.length).toBeLessThanOrEqual(2 + seconds / 15);
      }
      expect(writes.filter((write) => !asked.some((name) => write === `patch redisworkers/status ${name}`))).toEqual(
        [],
      );
      await site.check(operator);
    },
    patienceMs,
  );
});

type PodFault = readonly [reason: string, status: object];

const container = (state: object, more: object = {}) => ({
  containerStatuses: [{ name: 'worker', image: 'i', imageID: '', ready: false, restartCount: 0, state, ...more }],
});
const unready = (types: readonly string[]) => ({
  conditions: ['PodScheduled', 'Initialized', 'ContainersReady', 'Ready'].map((type) => ({
    type,
    status: types.includes(type) ? 'False' : 'True',
    lastTransitionTime: '2100-01-01T00:00:00Z',
  })),
});
const broken = unready(['ContainersReady', 'Ready']);
const startedAt = '2026-01-01T00:00:00Z';
const running = { running: { startedAt } };
const ended = (exitCode: number, reason: string) => ({
  restartCount: 3,
  lastState: { terminated: { exitCode, reason, startedAt, finishedAt: startedAt, containerID: '' } },
});
const backingOff = { waiting: { reason: 'CrashLoopBackOff', message: 'back-off 10s' } };

/** By the id of the consumer whose pod it befalls. */
const illnesses: Readonly<Record<string, PodFault>> = {
  loops: ['CrashLoopBackOff', { ...broken, ...container(backingOff, ended(1, 'Error')) }],
  swells: ['OOMKilled', { ...broken, ...container(backingOff, ended(137, 'OOMKilled')) }],
  pulls: ['ImagePullBackOff', { ...broken, ...container({ waiting: { reason: 'ImagePullBackOff', message: 'no' } }) }],
  hangs: ['Unhealthy', { ...broken, ...container(running) }],
  strays: ['NodeNotReady', { ...unready(['Ready']), ...container(running, { ready: true, started: true }) }],
};
const health = { ...unready([]), ...container(running, { ready: true, started: true }) };
