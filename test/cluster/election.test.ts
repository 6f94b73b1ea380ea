import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { resources } from '../../operator/cluster/cluster.ts';
import { connectKubernetes, type Election, type KubernetesCluster } from '../../operator/cluster/kubernetes/index.ts';
import { createNamespace, describeOnCluster } from '../support/control-plane/shared.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { quietLog } from '../support/quiet-log.ts';
import { eventually } from '../support/wait.ts';

/** A candidate with a clock of its own, which need not agree with anybody's. */
interface Standing {
  readonly clock: ManualClock;
  readonly election: Election;
  readonly cluster: KubernetesCluster;
  readonly heard: string[];
  /** Lets the next round come and waits until it has been answered. */
  round(): Promise<void>;
}

describeOnCluster('leader election on a real API server', () => {
  const clusters: KubernetesCluster[] = [];
  let namespace: string;

  beforeAll(async () => {
    namespace = await createNamespace('election');
  });
  afterAll(() => Promise.all(clusters.map((cluster) => cluster.close())));

  async function stand(name: string, identity: string, startsAt = Date.UTC(2026, 0, 1)): Promise<Standing> {
    const clock = new ManualClock(startsAt);
    const heard: string[] = [];
    const answered = { count: 0 };
    const cluster = await connectKubernetes({
      kubeconfig: inject('kubeconfig'),
      log: quietLog(),
      clock,
      random: () => 0,
      hooks: {
        requestDone: () => {
          answered.count += 1;
        },
      },
    });
    clusters.push(cluster);
    const election = cluster.elect({
      namespace,
      name,
      identity,
      onStarted: () => heard.push('started'),
      onLost: (why) => heard.push(why),
    });
    const roundOver = (): Promise<unknown> =>
      eventually(
        'the round is over',
        () => clock.untilNext !== undefined && clock.untilNext <= 2000 && clock.untilNext > 0,
      );
    await roundOver();
    return {
      clock,
      election,
      cluster,
      heard,
      async round() {
        const before = answered.count;
        await clock.advance(2000);
        await eventually('the API server has answered', () => answered.count > before || heard.length > 1);
        if (heard.length < 2) await roundOver();
      },
    };
  }

  const holder = async (name: string): Promise<unknown> =>
    ((await clusters[0]?.get(resources.leases, { namespace, name }))?.spec as { holderIdentity?: string } | undefined)
      ?.holderIdentity;

  it('chooses one of two, and the other takes over at once when the lease is given back', async () => {
    const [a, b] = [await stand('given-back', 'a'), await stand('given-back', 'b')];
    expect([a.election.leading(), b.election.leading()]).toEqual([true, false]);
    await b.round();
    expect(b.heard).toEqual([]);
    await a.election.stop();
    expect(await holder('given-back')).toBeUndefined();
    await b.round();
    expect(b.heard).toEqual(['started']);
    expect(a.heard).toEqual(['started']);
    expect(await holder('given-back')).toBe('b');
    await b.election.stop();
  });

  it('leaves a living leader alone however far the clocks are apart', async () => {
    const a = await stand('skewed', 'a', Date.UTC(2020, 0, 1));
    const b = await stand('skewed', 'b', Date.UTC(2040, 0, 1));
    for (let round = 0; round < 12; round += 1) {
      await a.round();
      await b.round();
    }
    expect([a.election.leading(), b.election.leading()]).toEqual([true, false]);
    await Promise.all([a.election.stop(), b.election.stop()]);
  });

  it('takes over from a leader that says nothing for a lease, and the old one writes nothing when it comes back', async () => {
    const a = await stand('frozen', 'a');
    const b = await stand('frozen', 'b');
    for (let round = 0; round < 7; round += 1) await b.round();
    expect(b.election.leading()).toBe(false);
    await b.round();
    expect(b.election.leading()).toBe(true);
    await a.clock.advance(9000); // thawed before its own deadline: the API server has to tell it
    await eventually('a knows', () => a.heard.length === 2);
    expect(a.heard[1]).toContain('"b" holds the lease');
    expect(a.election.leading()).toBe(false);
    const written = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace, name: 'led' } };
    await expect(a.cluster.apply(written, 'redisworker')).rejects.toMatchObject({ reason: 'NotLeading' });
    expect(await b.cluster.apply(written, 'redisworker')).toMatchObject(written);
    await Promise.all([a.election.stop(), b.election.stop()]);
    expect(await holder('frozen')).toBeUndefined();
  });

  it('gives up by itself when it could not renew in time', async () => {
    const a = await stand('late', 'a');
    await clusters.at(-1)?.close();
    for (let second = 0; second < 10; second += 1) await a.clock.advance(1000);
    await eventually('it gave up', () => a.heard.length === 2);
    expect(a.heard[1]).toContain('could not be renewed for 10000 ms');
    expect(a.election.leading()).toBe(false);
  });
});
