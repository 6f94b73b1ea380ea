import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseRedisWorker, type RedisWorker } from '../../api/redisworker.ts';
import type { KubeObject } from '../../cluster/cluster.ts';
import { holderOf, rivalOf, twinsOf } from './rival.ts';
import { type Hold, holdsNothing } from './seniority.ts';

const elder = (spec: object, namespace = 'a') => object('elder', namespace, '2030-01-01T00:00:00Z', spec);
const younger = (spec: object, namespace = 'a') => object('younger', namespace, '2030-01-02T00:00:00Z', spec);

function object(name: string, namespace: string, creationTimestamp: string, spec: object): KubeObject {
  return {
    apiVersion: 'redisworker.dev/v1alpha1',
    kind: 'RedisWorker',
    metadata: { name, namespace, uid: name, creationTimestamp },
    spec: { source: { inline: 'export default () => 1;' }, ...spec },
  };
}

function rivalry(one: KubeObject, ...others: KubeObject[]) {
  return rivalOf(parsed(one), [one, ...others], 'redis://default:6379');
}

function parsed(object: KubeObject): RedisWorker {
  const found = parseRedisWorker(object);
  if (!found.ok) throw new Error(found.problems.join());
  return found.worker;
}

const over = (one: object, other: object) =>
  rivalry(younger({ type: 'w', ...one }), elder({ type: 'w', ...other }))?.over;
const at = (url: string) => ({ redis: { url } });

describe('the older of two workers', () => {
  test('keeps a type, and a group of a request stream, whatever the younger is called', () => {
    expect(rivalry(younger({ type: 'w' }), elder({ type: 'w' }))).toEqual({ worker: 'a/elder', over: 'type' });
    expect(rivalry(younger({ type: 'v', stream: { request: 'w:req:x' } }), elder({ type: 'w' }))).toEqual({
      worker: 'a/elder',
      over: 'group',
    });
    expect(over({ type: 'v', stream: { request: 'w:req:x', group: 'other' } }, {})).toBeUndefined();
    expect(over({ type: 'v' }, {})).toBeUndefined();
  });

  test('has no rival in a younger one, and the oldest of several is named', () => {
    expect(rivalry(elder({ type: 'w' }), younger({ type: 'w' }))).toBeUndefined();
    const oldest = object('oldest', 'a', '2029-01-01T00:00:00Z', { type: 'v', stream: { request: 'w:req:x' } });
    expect(rivalry(younger({ type: 'w' }), elder({ type: 'w' }), oldest)).toEqual({
      worker: 'a/oldest',
      over: 'group',
    });
  });

  test('of two namespaces has no claim on what is called after the type of the younger', () => {
    const intruder = object('intruder', 'b', '2029-01-01T00:00:00Z', { type: 'v', stream: { request: 'w:req:x' } });
    expect(rivalry(younger({ type: 'w' }), intruder)).toBeUndefined();
  });
});

describe('of workers made in the same second', () => {
  interface Twin {
    readonly uid: string;
    readonly hold: Hold;
  }
  const made = (uid: string) => object(uid, 'a', '2030-01-01T00:00:00Z', { type: 'w' });
  const holdsAll = { group: true, hash: true, deployment: true };

  /** Those that are told of no rival. */
  function runs(twins: readonly Twin[]): string[] {
    const all = twins.map(({ uid }) => made(uid));
    const holdOf = (uid: string | undefined) => twins.find((twin) => twin.uid === uid)?.hold ?? holdsNothing;
    return twins.filter(({ uid }) => !rivalOf(parsed(made(uid)), all, undefined, holdOf)).map(({ uid }) => uid);
  }

  const twins: fc.Arbitrary<readonly Twin[]> = fc.uniqueArray(
    fc.record({
      uid: fc.constantFrom('1', '2', '3', '4', '5'),
      hold: fc.record({ group: fc.boolean(), hash: fc.boolean(), deployment: fc.boolean() }),
    }),
    { minLength: 1, maxLength: 5, selector: ({ uid }) => uid },
  );

  test('exactly one runs, the same for whoever looks, in whatever order they are found', () => {
    fc.assert(fc.property(twins, (found) => {
      expect(runs(found)).toHaveLength(1);
      expect(runs([...found].reverse())).toEqual(runs(found));
    }));
  });

  test('one that holds the group, a hash or a Deployment goes before one that holds nothing, whatever their uids', () => {
    fc.assert(fc.property(twins, (found) => {
      const [one] = runs(found);
      const holds = ({ hold }: Twin) => hold.group || hold.hash || hold.deployment;
      const winner = found.find(({ uid }) => uid === one);
      expect(winner && holds(winner)).toBe(found.some(holds));
    }));
  });

  test('the one that runs goes on when it has made all it needs, and when another is made', () => {
    fc.assert(fc.property(twins, (found) => {
      const [one] = runs(found);
      const later = found.map((twin) => (twin.uid === one ? { ...twin, hold: holdsAll } : twin));
      expect(runs(later)).toEqual([one]);
      expect(runs([{ uid: '0', hold: holdsNothing }, ...later])).toEqual([one]);
    }));
  });

  test('the one with the lesser uid runs where neither holds anything', () => {
    expect(runs(['2', '1', '3'].map((uid) => ({ uid, hold: holdsNothing })))).toEqual(['1']);
  });

  test('those are looked at that want the same, and no older or younger ones', () => {
    const strangers = [object('v', 'a', '2030-01-01T00:00:00Z', {}), elder({ type: 'w' }), younger({ type: 'w' })];
    const [one, other] = [made('1'), made('2')];
    const found = twinsOf(one, [one, other, ...strangers], undefined).map(({ metadata }) => metadata.uid);
    expect(found).toEqual(['2', 'elder']);
  });

  test('what one holds is nothing against an older one', () => {
    const [first, second] = [elder({ type: 'w' }), younger({ type: 'w' })];
    const holdOf = (uid: string | undefined) => (uid === 'younger' ? holdsAll : holdsNothing);
    expect(rivalOf(parsed(second), [first, second], undefined, holdOf)?.worker).toBe('a/elder');
  });
});

describe('a group that Redis says another worker of this operator holds', () => {
  const held = (one: object, other: object, holder = 'a/elder/elder') => {
    const [worker, all] = [parsed(younger({ type: 'v', ...one })), [elder({ type: 'w', ...other })]];
    return holderOf(worker, all, 'redis://default:6379', holder);
  };
  const sharing = { stream: { request: 'w:req:x' } };

  test('is not shared with it, however the two spell the address', () => {
    expect(held({ ...sharing, ...at('redis://localhost') }, at('redis://127.0.0.1'))).toEqual({
      worker: 'a/elder',
      over: 'group',
    });
  });

  test.each([
    ['by a worker that is no more', held({ ...sharing, ...at('redis://localhost') }, {}, 'a/elder/uid-before')],
    ['by one that takes other requests now', held({ ...sharing, ...at('redis://localhost') }, { type: 'x' })],
    ['by one that spells the address alike, where age decides', held(sharing, {})],
    ['by nobody', holderOf(parsed(younger({ type: 'v', ...sharing })), [elder({ type: 'w' })], undefined, undefined)],
  ])("stands in nobody's way when it is held %s", (_, rival) => {
    expect(rival).toBeUndefined();
  });
});

describe('one Redis', () => {
  test.each([
    ['redis://cache', 'redis://cache:6379/0'],
    ['redis://Cache.Example.com.', 'redis://cache.example.com/'],
    ['redis://[fd00::1]', 'redis://[fd00:0:0::1]:6379'],
    ['redis://default', 'redis://default.a.svc'],
    ['redis://cache.b.svc', 'redis://cache.b.svc.cluster.local'],
  ])('is told by %s and %s', (one, other) => {
    expect(over(at(one), at(other))).toBe('type');
  });

  test.each([
    ['redis://cache/1', 'redis://cache/2'],
    ['redis://cache:6380', 'redis://cache'],
    ['rediss://cache', 'redis://cache'],
  ])('is not told by %s and %s', (one, other) => {
    expect(over(at(one), at(other))).toBeUndefined();
  });

  test('is the Service of the own namespace where its name is short', () => {
    const worker = { type: 'w', ...at('redis://cache') };
    expect(rivalry(younger(worker, 'b'), elder(worker))).toBeUndefined();
    expect(rivalry(younger({ type: 'w', ...at('redis://cache.a.svc') }, 'b'), elder(worker))?.over).toBe('type');
  });

  test('is the default one of the operator where a worker names none', () => {
    expect(over({}, {})).toBe('type');
  });
});
