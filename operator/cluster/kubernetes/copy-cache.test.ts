import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { KubeObject } from '../cluster.ts';
import { CopyCache, type CopyOptions } from './copy-cache.ts';
import { isNewer } from './versions.ts';

const object = (name: string, version: number | string, more: Partial<KubeObject> = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'n', uid: `uid-${name}`, resourceVersion: String(version) },
  ...more,
});

function cacheOf(options: CopyOptions = {}) {
  const told: string[] = [];
  const cache = new CopyCache(options, (error) => {
    throw error;
  });
  cache.onChange((type, { metadata }, isOurs) => {
    told.push(`${isOurs === true ? 'our ' : ''}${type} ${metadata.name} ${metadata.resourceVersion}`);
  });
  const versions = () => cache.list().map(({ metadata }) => `${metadata.name} ${metadata.resourceVersion}`).sort();
  return { cache, told, versions };
}

describe('a write of this process', () => {
  test('is known before the watch tells it, which then is no news', () => {
    const { cache, told } = cacheOf();
    cache.replace([], '5');
    cache.wrote(object('a', 9));
    cache.change('ADDED', object('b', 8));
    cache.change('ADDED', object('a', 9));
    expect(told).toEqual(['our added a 9', 'added b 8']);
  });

  test('is not undone by what the watch says of the time before', () => {
    const { cache, told, versions } = cacheOf();
    cache.replace([object('a', 5)], '5');
    cache.wrote(object('a', 12));
    cache.change('MODIFIED', object('a', 11));
    expect(versions()).toEqual(['a 12']);
    cache.change('MODIFIED', object('a', 13));
    expect(told).toEqual(['added a 5', 'our modified a 12', 'modified a 13']);
  });

  test('is not undone by a list from before, and is by one from after', () => {
    const { cache, versions } = cacheOf();
    cache.replace([], '5');
    cache.wrote(object('a', 9));
    cache.replace([object('b', 7)], '8');
    expect(versions()).toEqual(['a 9', 'b 7']);
    cache.replace([object('b', 7)], '10');
    expect(versions()).toEqual(['b 7']);
  });

  test('is left out when the watch is past it: the object may be gone since', () => {
    const { cache, told } = cacheOf();
    cache.replace([], '5');
    cache.change('ADDED', object('a', 9));
    cache.change('DELETED', object('a', 11));
    cache.wrote(object('a', 10));
    cache.passed('20');
    cache.wrote(object('b', 15));
    expect([cache.list(), told]).toEqual([[], ['added a 9', 'deleted a 11']]);
  });

  test('leaves versions that do not count to the watch, and so does a store that was put back', () => {
    const { cache, versions } = cacheOf();
    cache.replace([object('a', 'x1')], 'x5');
    cache.wrote(object('a', 'x9'));
    expect(versions()).toEqual(['a x1']);
    cache.replace([object('a', 50)], '60');
    cache.replace([object('a', 3)], '4');
    expect(versions()).toEqual(['a 3']);
  });
});

test('a change of what is not kept is taken in and told to nobody', () => {
  const keep = ({ apiVersion, kind, metadata, data }: KubeObject): KubeObject => ({ apiVersion, kind, metadata, data });
  const { cache, told, versions } = cacheOf({ keep });
  cache.replace([object('a', 1, { data: 1, status: 'x' })], '1');
  cache.change('MODIFIED', object('a', 2, { data: 1, status: 'y' }));
  cache.change('MODIFIED', object('a', 3, { data: 2, status: 'y' }));
  expect([told, versions()]).toEqual([['added a 1', 'modified a 3'], ['a 3']]);
  expect(cache.get({ namespace: 'n', name: 'a' })).not.toHaveProperty('status');
});

test('a group holds the objects it would be found by in a walk over all, whatever happens to them', () => {
  const step = fc.record({
    name: fc.constantFrom('a', 'b', 'c'),
    group: fc.constantFrom('x', 'y', undefined),
    uid: fc.constantFrom('1', '2'),
    type: fc.constantFrom('ADDED', 'MODIFIED', 'DELETED', 'wrote', 'replace'),
  });
  const group = ({ data }: KubeObject) => data as string | undefined;
  fc.assert(fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
    const { cache } = cacheOf({ group });
    cache.replace([], '1');
    steps.forEach(({ name, group: data, uid, type }, at) => {
      const one = object(name, at + 2, { data });
      one.metadata.ownerReferences = [{ apiVersion: 'v1', kind: 'X', name: 'x', uid }];
      if (type === 'wrote') cache.wrote(one);
      else if (type === 'replace') cache.replace([one], String(at + 2));
      else cache.change(type, one);
      for (const wanted of ['x', 'y']) {
        expect([...cache.grouped(wanted)].sort(byName)).toEqual(
          cache.list().filter((found) => group(found) === wanted).sort(byName),
        );
      }
      for (const owner of ['1', '2']) {
        expect([...cache.ownedBy(owner)].sort(byName)).toEqual(
          cache.list().filter(({ metadata }) => metadata.ownerReferences?.[0]?.uid === owner).sort(byName),
        );
      }
    });
  }));
});

const byName = (one: KubeObject, other: KubeObject): number => one.metadata.name < other.metadata.name ? -1 : 1;

test('versions are compared as numbers, and only when both are', () => {
  expect([isNewer('10', '9'), isNewer('9', '10'), isNewer('9', '9')]).toEqual([true, false, false]);
  expect([isNewer('x', '1'), isNewer('2', 'x'), isNewer('2', undefined), isNewer('', '1')]).toEqual(
    [false, false, false, false],
  );
});

describe('what is kept', () => {
  const spec = (id: string) => ({ template: { env: [{ name: 'A', value: 'of all' }], id } });
  const owned = (name: string, version: number, owner: string): KubeObject => {
    const one = object(name, version, { spec: spec(name) });
    const ownerReferences = [{ apiVersion: 'v1', kind: 'Owner', name: owner, uid: owner }];
    return { ...one, metadata: { ...one.metadata, ownerReferences } };
  };
  type Kept = { readonly metadata: KubeObject['metadata']; readonly spec: ReturnType<typeof spec> };
  const kept = (cache: CopyCache, name: string) => cache.get({ namespace: 'n', name }) as unknown as Kept;

  test('shares with another object what both say, and says what was told', () => {
    const { cache } = cacheOf();
    cache.replace([owned('a', 1, 'w'), owned('b', 2, 'v'), owned('c', 3, 'w')], '3');
    expect(cache.list()).toEqual([owned('a', 1, 'w'), owned('b', 2, 'v'), owned('c', 3, 'w')]);
    const [a, b, c] = [kept(cache, 'a'), kept(cache, 'b'), kept(cache, 'c')];
    expect(b.spec.template.env).toBe(a.spec.template.env);
    expect(c.metadata.ownerReferences).toBe(a.metadata.ownerReferences);
  });

  test('of a change is what has not changed', () => {
    const { cache, told } = cacheOf({ keep: (one) => ({ ...one, status: undefined }) });
    cache.replace([owned('a', 1, 'w')], '1');
    const before = kept(cache, 'a');
    cache.change('MODIFIED', { ...owned('a', 2, 'w'), status: { phase: 'x' } });
    expect(kept(cache, 'a').spec).toBe(before.spec);
    expect(told).toEqual(['added a 1']);
  });
});
