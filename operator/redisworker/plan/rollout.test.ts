import { describe, expect, it, test } from 'vitest';
import { configHashKey } from '../../../contract/keys.ts';
import { withCount, withInline, withNet, withSpec, worker } from '../../../test/support/gen.ts';
import { observed } from '../../../test/support/observed.ts';
import { settled, steps, stored } from '../../../test/support/plans.ts';
import { targetAt } from '../../../test/support/redis-target.ts';
import { type PodChange, podOf } from '../../../test/support/pods.ts';
import { crashingPod, RolloutWorld } from '../../../test/support/rollout-world.ts';
import type { KubeObject } from '../../cluster/cluster.ts';
import { consumerIdOf } from '../model/children.ts';
import { finalizer } from '../model/names.ts';
import type { Observed } from '../model/observed.ts';
import { statusOf } from '../status/index.ts';
import { planOf } from './index.ts';

type Hashes = Record<string, Record<string, string> | 'absent' | 'wrongType'>;
type Change = ReturnType<typeof withInline>;

const starting: PodChange = { status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'False' }] } };
const crashing: PodChange = {
  status: {
    phase: 'Running',
    conditions: [{ type: 'Ready', status: 'False' }],
    containerStatuses: [{
      name: 'worker',
      restartCount: 3,
      state: { waiting: { reason: 'CrashLoopBackOff' } },
      lastState: { terminated: { exitCode: 1, message: 'redisworker: no table' } },
    }],
  },
};
const newCode = withInline('export default () => 1;\n');
const hashesOf = ({ spec }: Observed): Hashes =>
  spec?.redis.kind === 'answered' ? Object.fromEntries(spec.redis.hashes) : {};
const named = (seen: Observed, id: string) => seen.children.deployments.find((one) => consumerIdOf(one) === id)!;

/** Three consumers of `before`, seen with the spec `after`; those in `rolled` have been given it, and fare so. */
function rolling(
  before: KubeObject,
  after: KubeObject,
  { rolled = {}, old = {} }: { rolled?: Record<string, PodChange>; old?: Record<string, PodChange> } = {},
): Observed {
  const [past, future] = [settled(before), settled(after)];
  const ids = past.children.deployments.map((one) => consumerIdOf(one)!);
  const seenOf = (id: string) => (id in rolled ? future : past);
  return observed({ ...after, metadata: { ...after.metadata, finalizers: [finalizer] } }, {
    children: {
      configMaps: [...past.children.configMaps, ...future.children.configMaps],
      runtimeSecret: future.children.runtimeSecret,
      networkPolicies: [...new Map(
        [...past.children.networkPolicies, ...future.children.networkPolicies].map((one) => [one.metadata.name, one]),
      ).values()],
      deployments: ids.map((id) => named(seenOf(id), id)),
      pods: ids.map((id) => podOf(named(seenOf(id), id), rolled[id] ?? old[id])),
    },
    hashes: Object.fromEntries(
      ids.map((id) => [configHashKey('w', id), hashesOf(seenOf(id))[configHashKey('w', id)]!]),
    ),
  });
}

/** Three consumers that are ready on a Redis of these servers, and one more of them turns up. */
function withNewMember(...hosts: [string, ...string[]]): Observed {
  const endpointOf = (all: readonly string[]) => ({
    ok: true as const,
    value: {
      url: 'redis+cluster://a',
      target: targetAt({ host: 'a' }),
      servers: all.map((host) => ({ host, port: 6379, addresses: [] })),
    },
  });
  const runs = settled(worker('w', withCount(3)), { spec: { endpoint: endpointOf(hosts.slice(0, -1)) } });
  const { deployments } = runs.children;
  return observed({
    ...worker('w', withCount(3)),
    metadata: { name: 'w', namespace: 'default', finalizers: [finalizer] },
  }, {
    children: { ...runs.children, pods: deployments.map((one) => podOf(one)) },
    hashes: hashesOf(runs),
    spec: { endpoint: endpointOf(hosts) },
  });
}

test('a new server of the Redis is opened at once for the pods that run, and for those that are made for it', () => {
  const seen = withNewMember('192.0.2.1', '192.0.2.2', '192.0.2.3');
  const { actions } = planOf(seen);
  const policies = actions.flatMap((action) =>
    action.do === 'applyObject' && action.object.kind === 'NetworkPolicy' ? [action] : []
  );
  expect(policies.map(({ why }) => why)).toEqual(['NetworkPolicyMissing', 'NetworkPolicyDrifted']);
  for (const { object } of policies) expect(JSON.stringify(object)).toContain('192.0.2.3/32');
  expect(policies[1]?.object.metadata.name).toBe(seen.children.networkPolicies[0]?.metadata.name);
  const [made, ...held] = actions.flatMap((action) =>
    action.do === 'applyObject' && action.object.kind === 'Deployment' ? [action.object] : []
  );
  expect([JSON.stringify(made).includes('192.0.2.3:6379'), held]).toEqual([true, []]);
});

const three = (...changes: Change[]) => worker('w', withCount(3), ...changes);
const heldBy = (seen: Observed) => [...planOf(seen).held].join();
/** Names of the Deployments a plan writes, and keys of the hashes. */
const written = (seen: Observed) =>
  planOf(seen).actions.flatMap((action) => {
    if (action.do === 'writeConfigHash') return [`hash ${action.consumerId}`];
    return action.do === 'applyObject' && action.object.kind === 'Deployment' ? [action.object.metadata.name] : [];
  });

describe('new code', () => {
  it('reaches one consumer first', () => {
    const seen = rolling(three(), three(newCode));
    expect(heldBy(seen)).toBe('2,3');
    expect(written(seen)).toEqual(['w-1']);
  });

  it.each([['that starts', starting], ['that fails', crashing], ['that is being stopped', { deleted: true }]])(
    'reaches no other while the first has a pod %s',
    (_, first) => {
      const seen = rolling(three(), three(newCode), { rolled: { 1: first } });
      expect(heldBy(seen)).toBe('2,3');
      expect(written(seen)).toEqual([]);
    },
  );

  it('reaches the next once the first is ready with it', () => {
    const seen = rolling(three(), three(newCode), { rolled: { 1: {} } });
    expect(heldBy(seen)).toBe('3');
    expect(written(seen)).toEqual(['w-2']);
  });

  it('reaches the last once all others are ready with it', () => {
    const seen = rolling(three(), three(newCode), { rolled: { 1: {}, 2: {} } });
    expect(heldBy(seen)).toBe('');
    expect(written(seen)).toEqual(['w-3']);
  });

  it('that fails leaves the others on the code that worked, and the condition says so', () => {
    const seen = rolling(three(), three(newCode), { rolled: { 1: crashing } });
    const status = statusOf(seen, planOf(seen), undefined, undefined);
    expect(status.conditions?.find(({ type }) => type === 'Ready')).toMatchObject({
      status: 'False',
      reason: 'ConsumersFailing',
      message:
        '2 of 3 consumers are ready, 0 with what is asked for now; consumer "1" fails: no table; the other 2 keep the code that worked',
    });
    expect(status.consumersReady).toBe('2/3');
  });

  it('that failed is taken back at once', () => {
    const back = rolling(three(newCode), three(), { old: { 1: crashing }, rolled: { 2: {}, 3: {} } });
    expect(heldBy(back)).toBe('');
    expect(written(back)).toEqual(['w-1']);
  });

  it('reaches every consumer at once when none of them works', () => {
    const seen = rolling(three(), three(newCode), { old: { 1: crashing, 2: crashing, 3: starting } });
    expect(heldBy(seen)).toBe('');
    expect(written(seen)).toEqual(['w-1', 'w-2', 'w-3']);
  });

  it('does not take the last consumer that works when others fail anyway', () => {
    const seen = rolling(three(), three(newCode), { old: { 1: crashing, 2: crashing } });
    expect(heldBy(seen)).toBe('3');
    expect(written(seen)).toEqual(['w-1', 'w-2']);
  });

  it('is tried beside a consumer that has no room anywhere: it would never tell', () => {
    const seen = rolling(three(), three(newCode), { old: { 1: starting } });
    expect(heldBy(seen)).toBe('3');
    expect(written(seen)).toEqual(['w-1', 'w-2']);
  });

  describe('that comes before what came before it is ready', () => {
    const eight = (...changes: Change[]) => worker('w', withCount(8), ...changes);
    const code = (text: string) => withInline(`export default () => '${text}';\n`);
    /** Eight consumers at work, two of which have been given new code. */
    const inTheMiddle = () => {
      const world = new RolloutWorld(eight(code('first')));
      world.apply(eight(code('second')));
      world.look();
      return world;
    };
    const runs = (world: RolloutWorld, id: string) => world.runs()[id] === world.runs()['1'];

    it('reaches the consumers that were taken at once, and no others until these are ready', () => {
      const world = inTheMiddle();
      world.apply(eight(code('third')));
      for (const round of [0, 1, 2]) {
        world.look();
        expect([round, world.ready().length, runs(world, '2'), runs(world, '3')]).toEqual([round, 6, true, false]);
        world.now += 60_000;
      }
      for (let look = 0; look < 8; look += 1) {
        world.allReady();
        world.look();
        expect(world.ready().length).toBeGreaterThanOrEqual(6);
      }
      expect(new Set(Object.values(world.runs())).size).toBe(1);
    });

    it('may take others when those turn out to fail, or have had ten minutes', () => {
      for (
        const turn of [
          (world: RolloutWorld) => world.pod('1', crashingPod),
          (world: RolloutWorld) => (world.now += 600_000),
        ]
      ) {
        const world = inTheMiddle();
        world.pod('2', crashingPod);
        turn(world);
        world.apply(eight(code('third')));
        world.look();
        expect([runs(world, '4'), runs(world, '5'), world.ready().length]).toEqual([true, false, 4]);
      }
    });

    it('goes back at once to what the others run', () => {
      const world = inTheMiddle();
      world.apply(eight(code('first')));
      world.look();
      expect(new Set(Object.values(world.runs())).size).toBe(1);
      expect(world.ready().length).toBe(6);
    });
  });

  it('does not reach the others because they are not ready for a moment', () => {
    const seen = rolling(three(), three(newCode), { rolled: { 1: crashing }, old: { 2: starting, 3: starting } });
    expect(heldBy(seen)).toBe('2,3');
  });

  it('reaches a single consumer at once', () => {
    expect(heldBy(rolling(worker('w'), worker('w', newCode)))).toBe('');
  });

  it('is proven by a new consumer, too', () => {
    const seen = rolling(three(), three(newCode));
    const grown = settled(worker('w', withCount(4), newCode));
    const fourth = named(grown, '4');
    const four = { ...worker('w', withCount(4), newCode), metadata: seen.object.metadata };
    const more = (pods: KubeObject[]) =>
      observed(four, {
        children: {
          ...seen.children,
          deployments: [...seen.children.deployments, stored(fourth, 'd-4')],
          pods: [...seen.children.pods, ...pods],
        },
        hashes: { ...hashesOf(seen), [configHashKey('w', '4')]: hashesOf(grown)[configHashKey('w', '4')]! },
      });
    expect(heldBy(more([]))).toBe('1,2,3');
    expect(heldBy(more([podOf(fourth)]))).toBe('2,3');
  });
});

describe('settings', () => {
  it.each([
    ['of the handler', withSpec({ handler: { timeoutSeconds: 5 } })],
    ['of the stream, which its hash tells', withSpec({ stream: { responseLimit: 99 } })],
    ['of its pods', withSpec({ pod: { resources: { limits: { memory: '256Mi' } } } })],
  ])('%s reach one consumer first, with its hash', (_, change) => {
    const seen = rolling(three(), three(change));
    expect(heldBy(seen)).toBe('2,3');
    expect(written(seen).filter((name) => !['w-1', 'hash 1'].includes(name))).toEqual([]);
  });

  it('do not hold a consumer whose hash is gone: it would not come back as it was', () => {
    const seen = rolling(three(), three(newCode));
    const hashes: Hashes = { ...hashesOf(seen), [configHashKey('w', '3')]: 'absent' };
    expect(heldBy(observed(seen.object, { children: seen.children, hashes }))).toBe('1,2');
  });
});

describe('at once, whatever works, goes', () => {
  it.each<[string, KubeObject, KubeObject]>([
    [
      'an entry of the scope that is taken away',
      three(withNet('10.0.0.0/8:443', '192.0.2.1:80')),
      three(withNet('192.0.2.1:80')),
    ],
    ['the whole scope', three(withSpec({ permissions: { allowAllNet: 'Granted' } })), three(withNet('192.0.2.1:80'))],
    [
      'an entry that is denied',
      three(withNet('10.0.0.0/8')),
      three(withSpec({ permissions: { net: ['10.0.0.0/8'], denyNet: ['10.1.0.0/16'] } })),
    ],
    [
      'a variable that is taken away',
      three(withSpec({ permissions: { env: ['TZ', 'LANG'] } })),
      three(withSpec({ permissions: { env: ['TZ'] } })),
    ],
    ['another flavor of policy', three(), three(withSpec({ networkPolicy: { flavor: 'Cilium' } }))],
  ])('%s', (_, before, after) => {
    expect(heldBy(rolling(before, after))).toBe('');
    expect(written(rolling(before, after))).toEqual(['w-1', 'w-2', 'w-3']);
  });

  test('suspending', () => {
    expect(heldBy(rolling(three(), three(newCode, withSpec({ suspend: true }))))).toBe('');
  });
});

describe('a wider scope', () => {
  const before = three(withNet('192.0.2.1:80'));
  const after = three(withNet('10.0.0.0/8:443', '192.0.2.1:80'));

  it('reaches one consumer first, under a policy of its own', () => {
    const seen = rolling(before, after);
    expect(heldBy(seen)).toBe('2,3');
    expect(written(seen)).toEqual(['w-1']);
  });

  it('keeps the policy of those that are held, at what the spec says now', () => {
    const seen = rolling(before, after, { rolled: { 1: crashing } });
    const [action, ...more] = planOf(seen).actions;
    expect(more).toEqual([]);
    expect(action).toMatchObject({ do: 'applyObject', why: 'NetworkPolicyDrifted' });
    const old = settled(before).children.networkPolicies[0]!;
    expect(action?.do === 'applyObject' ? action.object.metadata.name : '').toBe(old.metadata.name);
  });
});

test('the same observation holds the same consumers, and a plan that was carried out is followed by none', () => {
  const seen = rolling(three(), three(newCode), { rolled: { 1: starting } });
  expect(steps(planOf(seen))).toEqual([]);
  expect(planOf(seen).held).toEqual(planOf(seen).held);
});
