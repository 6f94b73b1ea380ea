import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { withCount, withInline, withNet, withSpec, worker } from '../../../test/support/gen.ts';
import { crashingPod, RolloutWorld } from '../../../test/support/rollout-world.ts';
import { targetAt } from '../../../test/support/redis-target.ts';
import { tries } from '../../../test/support/thorough.ts';
import type { RedisWorkerStatus } from '../../api/redisworker.ts';
import { planOf } from './index.ts';
import { requeueAfter } from './requeue.ts';

type Change = ReturnType<typeof withInline>;

const canary = { minRequests: 100, maxFailureRatio: 0.05, seconds: 60 };
const withCanary = (more: object = {}, rollout: object = {}) =>
  withSpec({ rollout: { ...rollout, canary: { ...canary, ...more } } });
const code = (text: string) => withInline(`export default () => '${text}';\n`);
const four = (...changes: Change[]) => worker('w', withCount(4), withCanary(), ...changes);
const statusNow = ({ object }: RolloutWorld) => object.status as RedisWorkerStatus;
const canaryNow = (world: RolloutWorld) => statusNow(world).rollout?.canary;
const condition = (world: RolloutWorld, type: string) => statusNow(world).conditions?.find((one) => one.type === type);
/** Ids of the consumers that do not run what `id` runs. */
const unlike = (world: RolloutWorld, id: string) => {
  const runs = world.runs();
  return Object.keys(runs).filter((one) => runs[one] !== runs[id]).join();
};

/** Four consumers at work, whose code was changed; the first is ready with it. */
function tried(changes: Change[] = [code('new')], start = four(code('old'))): RolloutWorld {
  const world = new RolloutWorld(start);
  const { spec } = start as { spec: object };
  world.apply({ ...start, spec: changes.reduce((so, change) => change(so), spec as Record<string, unknown>) });
  world.look();
  world.look();
  world.pod('1');
  world.look();
  world.now += 1000;
  return world;
}

/** Looks until nothing changes, all pods coming up at once. */
function rest(world: RolloutWorld): void {
  for (let look = 0; look < 12; look += 1) {
    world.allReady();
    world.look();
  }
}

describe('a canary', () => {
  it('gets new code alone, once the status says that it does', () => {
    const world = new RolloutWorld(four(code('old')));
    world.apply(four(code('new')));
    world.look();
    expect([unlike(world, '1'), canaryNow(world)?.verdict]).toEqual(['', 'Running']);
    world.look();
    expect(unlike(world, '4')).toBe('1');
    rest(world);
    expect(unlike(world, '4')).toBe('1');
  });

  it('is promoted when its requests went as well as those of the others', () => {
    const world = tried();
    world.answered('1', 99, 5);
    world.answered('2', 300, 3);
    world.look();
    expect(canaryNow(world)).toMatchObject({
      verdict: 'Running',
      requests: 99,
      failed: 5,
      otherRequests: 300,
      otherFailed: 3,
    });
    world.answered('1', 1);
    world.look();
    expect([canaryNow(world)?.verdict, unlike(world, '4')]).toEqual(['Promoted', '1']);
    rest(world);
    expect([unlike(world, '1'), condition(world, 'Ready')?.status]).toEqual(['', 'True']);
  });

  it('that fails more often goes back to what the others run, and the condition has the numbers', () => {
    const world = tried();
    const before = world.runs()['2'];
    world.answered('1', 20, 12);
    world.answered('2', 300, 3);
    world.look();
    expect([canaryNow(world)?.verdict, unlike(world, '4')]).toEqual(['Failed', '1']);
    world.look();
    rest(world);
    expect([unlike(world, '4'), world.runs()['1']]).toEqual(['', before]);
    const message =
      'new code has failed on the canary: 12 of 20 requests failed there and 3 of 300 elsewhere, where 0.05 more are allowed; all 4 consumers keep or go back to what worked: correct the spec, or apply the one before';
    expect(condition(world, 'Ready')).toMatchObject({ status: 'False', reason: 'CanaryFailed', message });
    expect(condition(world, 'Stalled')).toMatchObject({ status: 'True', reason: 'CanaryFailed', message });
    expect(condition(world, 'Reconciling')).toBeUndefined();
    expect(world.ready()).toEqual(['1', '2', '3', '4']);
    expect(world.look().actions).toEqual([]);
  });

  it('goes back with the config hash the others have', () => {
    const world = tried([withSpec({ stream: { responseLimit: 77 } })]);
    expect([world.hashes.get('w:1:h'), world.hashes.get('w:2:h')].map((hash) => hash?.['responseStreamLimit'])).toEqual(
      ['77', '10000'],
    );
    world.answered('1', 20, 12);
    world.look();
    world.look();
    expect(world.hashes.get('w:1:h')).toEqual({ ...world.hashes.get('w:2:h'), consumerId: '1' });
    const [first, second] = ['1', '2'].map((id) => JSON.stringify(world.deployments.get(id)?.spec));
    expect(first?.includes('w:1:h')).toBe(true);
    expect(first?.includes('w:2:h')).toBe(false);
    expect(second?.length).toBe(first?.length);
  });

  it('says how far it is', () => {
    const world = tried();
    world.answered('1', 37);
    world.look();
    expect(condition(world, 'Reconciling')).toMatchObject({
      reason: 'CanaryRunning',
      message: '1 of 4 consumers runs generation 2; canary: 37 of 100 requests, 0 failed',
    });
    expect(condition(world, 'Stalled')).toBeUndefined();
  });

  it.each([['with no request at all', 0, 'Promoted'], ['with few that went well', 3, 'Promoted']])(
    'is promoted after its time %s',
    (_, requests) => {
      const world = tried();
      world.answered('1', requests);
      world.look();
      expect(canaryNow(world)?.verdict).toBe('Running');
      world.now += 60_000;
      world.look();
      expect(canaryNow(world)?.verdict).toBe('Promoted');
    },
  );

  it('has failed after its time when the few it had went badly', () => {
    const world = tried();
    world.answered('1', 4, 1);
    world.look();
    expect(canaryNow(world)?.verdict).toBe('Running');
    world.now += 60_000;
    world.look();
    expect(canaryNow(world)?.verdict).toBe('Failed');
  });

  it('that is not ready is not promoted, and has failed after its time when its process ends again and again', () => {
    const world = new RolloutWorld(four(code('old')));
    world.apply(four(code('new')));
    world.look();
    world.look();
    world.now += 61_000;
    world.look();
    expect(canaryNow(world)?.verdict).toBe('Running');
    world.pod('1', crashingPod);
    world.look();
    expect(canaryNow(world)).toMatchObject({ verdict: 'Failed', message: 'consumer "1" does not come up with it' });
  });

  it('is not judged by what was answered before it was ready, and read only then', () => {
    const world = tried();
    world.now -= 5000;
    world.answered('1', 50, 50);
    world.now += 5000;
    world.look();
    world.answered('1', 100, 1);
    world.look();
    expect(canaryNow(world)).toMatchObject({ verdict: 'Promoted', requests: 100, failed: 1 });
  });

  it('of several is no more than may be not ready, and never all', () => {
    const eight = (...changes: Change[]) => worker('w', withCount(8), withCanary({ consumers: 5 }), ...changes);
    const world = tried([code('new')], eight(code('old')));
    expect(unlike(world, '8')).toBe('1,2');
    const all = tried(
      [code('new')],
      worker('w', withCount(2), withCanary({ consumers: 2 }, { maxUnavailable: '100%' }), code('old')),
    );
    expect(unlike(all, '2')).toBe('1');
  });
});

describe('what is known of a canary', () => {
  it('outlives the operator: code that has failed is not tried again', () => {
    const world = tried();
    world.answered('1', 20, 12);
    world.look();
    world.look('plan');
    rest(world);
    expect([canaryNow(world)?.verdict, unlike(world, '4')]).toEqual(['Failed', '']);
  });

  it('is not acted upon before it is written: an operator that ends has decided nothing', () => {
    const world = tried();
    world.answered('1', 20, 12);
    world.look('plan');
    expect([canaryNow(world)?.verdict, unlike(world, '4')]).toEqual(['Running', '1']);
  });

  it('holds for consumers that are added, and for those whose Deployment or hash is gone', () => {
    const world = tried();
    world.apply({ ...four(code('new')), spec: { ...(four(code('new')).spec as object), consumers: { count: 5 } } });
    rest(world);
    expect(unlike(world, '5')).toBe('1');
    world.answered('1', 20, 12);
    world.look();
    world.deployments.delete('3');
    world.hashes.delete('w:4:h');
    rest(world);
    expect([unlike(world, '2'), [...world.deployments.keys()].sort().join(), world.hashes.has('w:4:h')]).toEqual([
      '',
      '1,2,3,4,5',
      true,
    ]);
  });

  it('holds through a suspension', () => {
    const world = tried();
    world.answered('1', 20, 12);
    world.look();
    const before = world.runs()['2'];
    world.apply(four(code('new'), withSpec({ suspend: true })));
    for (let look = 0; look < 4; look += 1) world.look();
    expect(world.pods.size).toBe(0);
    world.apply(four(code('new')));
    rest(world);
    expect([...new Set(Object.values(world.runs()))]).toEqual([before]);
    expect(world.ready()).toHaveLength(4);
  });

  it.each([
    ['other code', [code('newer')]],
    ['another measure', [code('new'), withCanary({ maxFailureRatio: 0.9 })]],
  ])('ends with %s: then it is tried anew', (_, changes) => {
    const world = tried();
    world.answered('1', 20, 12);
    world.look();
    rest(world);
    world.apply(four(...changes));
    world.look();
    world.look();
    expect([canaryNow(world)?.verdict, canaryNow(world)?.requests, unlike(world, '4')]).toEqual(['Running', 0, '1']);
  });
});

describe('the manifest before, applied again', () => {
  it.each([['while the canary runs', 0], ['after it has failed', 12]])('is back at once %s', (_, failed) => {
    const world = tried();
    const old = world.runs()['2'];
    world.answered('1', 20, failed);
    world.look();
    world.look();
    world.apply(four(code('old')));
    world.look();
    expect([world.runs()['1'], canaryNow(world)]).toEqual([old, undefined]);
    rest(world);
    expect(condition(world, 'Ready')?.status).toBe('True');
  });

  it('is no canary after the new code has reached all', () => {
    const world = tried();
    world.answered('1', 100);
    rest(world);
    expect(unlike(world, '1')).toBe('');
    world.apply(four(code('old')));
    world.look();
    expect([canaryNow(world), unlike(world, '4')]).toEqual([undefined, '1']);
    rest(world);
    world.apply(four(code('new')));
    world.look();
    expect(canaryNow(world)?.verdict).toBe('Running');
  });
});

describe('no canary', () => {
  it.each([
    ['the only consumer', worker('w', withCanary(), code('old')), worker('w', withCanary(), code('new'))],
    ['what takes a permission away', four(withNet('10.0.0.0/8:443', '192.0.2.1:80')), four(withNet('192.0.2.1:80'))],
  ])('is %s', (_, before, after) => {
    const world = new RolloutWorld(before);
    world.apply(after);
    world.look();
    expect(canaryNow(world)).toBeUndefined();
    rest(world);
    expect(condition(world, 'Ready')?.status).toBe('True');
  });

  it('is needed where no consumer works: all are mended at once', () => {
    const world = new RolloutWorld(four(code('old')));
    for (const id of world.ready()) world.pod(id, crashingPod);
    world.look();
    world.apply(four(code('new')));
    world.look();
    expect([canaryNow(world), new Set(Object.values(world.runs())).size]).toEqual([undefined, 1]);
  });

  it('follows from a password that is rotated: that is no new code', () => {
    const world = new RolloutWorld(four(code('old')));
    const seen = world.seen();
    const access = { target: targetAt({}), login: { kind: 'author' as const, password: 'rotated' } };
    const plan = planOf({ ...seen, spec: seen.spec && { ...seen.spec, access: { ok: true, value: access } } });
    expect([[...plan.held].join(), plan.rollout]).toEqual(['2,3,4', statusNow(world).rollout]);
  });
});

describe('the next look', () => {
  it('comes soon while a canary is judged, and at once when the status does not have the verdict yet', () => {
    const world = tried();
    const outcome = () => {
      const seen = world.seen();
      return requeueAfter(seen, planOf(seen));
    };
    world.look();
    expect(outcome()).toEqual({ kind: 'recheck', afterMs: 1000, why: 'Canary' });
    world.answered('1', 20, 12);
    expect(outcome()).toEqual({ kind: 'recheck', afterMs: 100, why: 'Canary' });
    world.look();
    rest(world);
    expect(outcome()).toEqual({ kind: 'settled' });
  });
});

test('whatever pods and requests do, and wherever the operator ends: one is always ready, no more are taken than may be, and it comes to rest', () => {
  const events = fc.array(
    fc.oneof(
      fc.record({
        do: fc.constant('pod' as const),
        id: fc.integer({ min: 1, max: 4 }).map(String),
        crash: fc.boolean(),
      }),
      fc.record({
        do: fc.constant('answered' as const),
        id: fc.integer({ min: 1, max: 4 }).map(String),
        failed: fc.integer({ min: 0, max: 30 }),
      }),
      fc.record({ do: fc.constant('look' as const), until: fc.constantFrom('plan' as const, 'status' as const) }),
      fc.record({ do: fc.constant('edit' as const), text: fc.constantFrom('a', 'b') }),
      fc.record({ do: fc.constant('wait' as const), seconds: fc.integer({ min: 1, max: 40 }) }),
    ),
    { maxLength: 25 },
  );
  fc.assert(
    fc.property(events, (all) => {
      const world = new RolloutWorld(four(code('old')));
      for (const event of all) {
        if (event.do === 'look') {
          const before = world.ready();
          world.look(event.until);
          const taken = before.filter((id) => !world.ready().includes(id));
          expect(taken.length).toBeLessThanOrEqual(1);
          if (before.length > 0) expect(world.ready().length).toBeGreaterThan(0);
        } else if (event.do === 'pod') world.pod(event.id, event.crash ? crashingPod : {});
        else if (event.do === 'answered') world.answered(event.id, 30, event.failed);
        else if (event.do === 'edit') world.apply(four(code(event.text)));
        else world.now += event.seconds * 1000;
      }
      for (let look = 0; look < 20; look += 1) {
        world.now += 10_000;
        world.allReady();
        world.look();
      }
      expect(['Promoted', 'Failed', undefined]).toContain(canaryNow(world)?.verdict);
      expect([new Set(Object.values(world.runs())).size, world.look().actions]).toEqual([1, []]);
    }),
    tries(5, 30),
  );
});
