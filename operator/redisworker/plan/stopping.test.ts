import { describe, expect, it } from 'vitest';
import { withCount, withNet, withSpec, worker } from '../../../test/support/gen.ts';
import { observed } from '../../../test/support/observed.ts';
import { pod, settled, steps } from '../../../test/support/plans.ts';
import { missing } from '../model/problem.ts';
import type { Observed, ObservedSpec } from '../model/observed.ts';
import { planOf } from './index.ts';
import { targetAt } from '../../../test/support/redis-target.ts';

const withoutSource = { source: { ok: false, problem: missing('ConfigMapNotFound', 'gone') } } as const;
const withoutSecret = { secret: { ok: false, problem: missing('SecretNotFound', 'gone') } } as const;
const withoutRedis = { redis: { kind: 'fault', reason: 'RedisUnreachable', message: 'down' } } as const;
const without: [string, Partial<ObservedSpec>][] = [
  ['the source', withoutSource],
  ['a Secret', withoutSecret],
  ['Redis', withoutRedis],
];

/** What the worker `before` left behind, seen with the manifest `after`. */
function changed(
  before: Parameters<typeof observed>[0],
  after: Parameters<typeof observed>[0],
  spec: Partial<ObservedSpec>,
): Observed {
  const { children, spec: seen } = settled(before, { children: { pods: [pod('1'), pod('2')] } });
  const hashes = seen?.redis.kind === 'answered' ? Object.fromEntries(seen.redis.hashes) : {};
  return observed({ ...after, metadata: { ...after.metadata, finalizers: ['redisworker.dev/cleanup'] } }, {
    children,
    hashes: hashes,
    spec,
  });
}

describe.each(without)('while %s is missing', (_, spec) => {
  it('suspending still ends every pod', () => {
    const two = worker('w', withCount(2));
    const plan = planOf(changed(two, worker('w', withCount(2), withSpec({ suspend: true })), spec));
    expect(steps(plan)).toEqual(['scaleToZero Suspended w-1', 'scaleToZero Suspended w-2']);
  });

  it('scaling in still ends the pod of a consumer that is no longer wanted', () => {
    const plan = planOf(changed(worker('w', withCount(2)), worker('w', withCount(1)), spec));
    expect(steps(plan)).toEqual(['scaleToZero ConsumerRemoved w-2']);
    expect(plan.waitingFor).toContain('the pod of consumer "2" to end');
  });
});

describe.each(without.slice(0, 2))('while %s is missing', (_, spec) => {
  it('a narrower scope closes the network of the pods that run, under the policy they already have', () => {
    const wide = worker('w', withNet('10.0.0.0/8:443', '192.0.2.1:80'));
    const seen = changed(wide, worker('w', withNet('192.0.2.1:80')), spec);
    const [action, ...more] = planOf(seen).actions;
    expect(more).toEqual([]);
    expect(action).toMatchObject({ do: 'applyObject', why: 'ScopeNarrowed' });
    const [before] = seen.children.networkPolicies;
    const after = action?.do === 'applyObject' ? action.object : undefined;
    expect(after?.metadata.name).toBe(before?.metadata.name);
    expect(after?.spec).toMatchObject({ podSelector: (before?.spec as { podSelector: object }).podSelector });
    expect(JSON.stringify(before)).toContain('10.0.0.0/8');
    expect(JSON.stringify(after)).not.toContain('10.0.0.0/8');
    expect(JSON.stringify(after)).toContain('192.0.2.1/32');
  });

  it('an unchanged scope leaves the policy alone', () => {
    const object = worker('w', withNet('192.0.2.1:80'));
    expect(planOf(changed(object, object, spec)).actions).toEqual([]);
  });

  it('pods that were given another Redis keep the way to it', () => {
    const moved = worker('w', withNet('192.0.2.1:80'));
    const seen = changed(worker('w', withNet('10.0.0.0/8:443')), moved, {
      ...spec,
      endpoint: {
        ok: true,
        value: {
          url: 'redis://192.0.2.9:6379',
          target: targetAt({ host: '192.0.2.9' }),
          servers: [{ host: '192.0.2.9', port: 6379, addresses: [] }],
        },
      },
    });
    expect(planOf(seen).actions).toEqual([]);
  });
});

it('a spec that cannot be read is suspended all the same when it says so', () => {
  const { children } = settled(worker('w'));
  const unreadable = { ...observed(worker('w', withSpec({ suspend: true }))), spec: undefined, children };
  expect(steps(planOf(unreadable))).toEqual(['scaleToZero Suspended w-1']);
});

it('a worker that is deleted while it has no Redis waits, and is let go in the end', () => {
  const { object } = settled(worker('w'));
  const deleted = { ...object, metadata: { ...object.metadata, deletionTimestamp: '2030-01-01T00:00:00Z' } };
  const { children } = settled(worker('w', withSpec({ suspend: true })));
  const gone = (abandonRedis: boolean) => planOf(observed(deleted, { children, spec: withoutRedis, abandonRedis }));
  expect(gone(false)).toMatchObject({ actions: [], waitingFor: ['Redis to answer'] });
  expect(steps(gone(true))).toEqual(['deleteObject WorkerDeleted w-1', 'setFinalizers CleanupAbandoned']);
});
