/** What machines do to workers and to the operator: processes that stand still and servers that forget. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { configHashKey, responseStreamKey } from '../../contract/keys.ts';
import { type KwokSite, openSite } from '../support/control-plane/kwok-site.ts';
import { type KwokWorld, startKwokWorld } from '../support/control-plane/kwok-world.ts';
import { describeOnKwok } from '../support/control-plane/shared-kwok.ts';
import { withCount, worker } from '../support/gen.ts';
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
});
