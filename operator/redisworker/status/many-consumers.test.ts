/** What a look at many consumers costs, in reads of their children: each is looked through a fixed number of times. */
import { describe, expect, it } from 'vitest';
import { configHashKey } from '../../../contract/keys.ts';
import { withCount, withInline, worker } from '../../../test/support/gen.ts';
import { observed, type Surroundings } from '../../../test/support/observed.ts';
import { settled } from '../../../test/support/plans.ts';
import { podOf } from '../../../test/support/pods.ts';
import type { KubeObject } from '../../cluster/cluster.ts';
import type { Observed } from '../model/observed.ts';
import type { Member } from '../model/work.ts';
import { planOf } from '../plan/index.ts';
import { statusOf } from './index.ts';

let reads = 0;

/** The object, each look at whose name or id counts. */
function counted<T extends object>(object: T, field: keyof T): T {
  const value = object[field];
  return Object.defineProperty({ ...object }, field, {
    enumerable: true,
    get: () => {
      reads += 1;
      return value;
    },
  });
}

/** The same observation with every pod, Deployment and member counted. */
function withCounts(seen: Observed): Observed {
  const { spec, children } = seen;
  if (spec?.redis.kind !== 'answered') throw new Error('no Redis');
  const countedChildren = (objects: readonly KubeObject[]) => objects.map((object) => counted(object, 'metadata'));
  const members = spec.redis.work.members.map((member: Member) => counted(member, 'id'));
  return {
    ...seen,
    spec: { ...spec, redis: { ...spec.redis, work: { ...spec.redis.work, members } } },
    children: {
      ...children,
      pods: countedChildren(children.pods),
      deployments: countedChildren(children.deployments),
    },
  };
}

const hashesOf = ({ spec }: Observed): NonNullable<Surroundings['hashes']> =>
  spec?.redis.kind === 'answered' ? Object.fromEntries(spec.redis.hashes) : {};

/** A worker with `count` consumers that run, seen with another spec; the pid of each is one without an owner. */
function seenWith(count: number, spec: KubeObject): Observed {
  const complete = settled(worker('w', withCount(count)));
  const { children } = complete;
  const ids = Array.from({ length: count }, (_, at) => String(at + 1));
  return withCounts(observed({ ...spec, metadata: complete.object.metadata }, {
    children: { ...children, pods: children.deployments.map((deployment) => podOf(deployment)) },
    hashes: Object.fromEntries(
      ids.map((id) => [configHashKey('w', id), { ...Object(hashesOf(complete)[configHashKey('w', id)]), pid: '7' }]),
    ),
    stream: { consumers: ids.map((name) => ({ name, pending: 0, idleMs: 1, inactiveMs: 1 })) },
  }));
}

function readsFor(count: number, spec: KubeObject): number {
  const seen = seenWith(count, spec);
  reads = 0;
  statusOf(seen, planOf(seen), undefined, undefined);
  return reads;
}

describe('the reads of a plan and a status grow as the consumers do', () => {
  it.each<[string, number, (count: number) => KubeObject]>([
    ['that have all they need', 1000, (count) => worker('w', withCount(count))],
    ['that roll', 200, (count) => worker('w', withCount(count), withInline('export default () => 1;\n'))],
    ['that are all taken away', 200, () => worker('w', withCount(0))],
  ])('%s', (_, size, spec) => {
    const [few, many] = [readsFor(size / 10, spec(size / 10)), readsFor(size, spec(size))];
    expect(few).toBeGreaterThan(size / 10);
    expect(many).toBeLessThan(few * 11);
  });
});
