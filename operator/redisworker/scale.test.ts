/** What a look costs with many consumers: counted in reads of what was observed, which are the same on every machine. */
import { expect, test } from 'vitest';
import { withCount, worker } from '../../test/support/gen.ts';
import { podOf } from '../../test/support/pods.ts';
import { settled } from '../../test/support/plans.ts';
import type { KubeObject } from '../cluster/cluster.ts';
import { eventsOf } from './apply/events.ts';
import type { Observed } from './model/observed.ts';
import { planOf } from './plan/index.ts';
import { statusOf } from './status/index.ts';

/** A worker of `count` consumers at work, whose processes left their pids behind. */
function crowd(count: number): { observed: Observed; reads: () => number } {
  const quiet = settled(worker('w', withCount(count)));
  let reads = 0;
  const counted = <T extends object>(object: T): T =>
    new Proxy(object, {
      get: (target, name, receiver) => ((reads += 1), Reflect.get(target, name, receiver) as unknown),
    });
  const deployments = quiet.children.deployments.map((deployment) => counted(deployment));
  const pods = quiet.children.deployments.map((deployment): KubeObject => counted(podOf(deployment)));
  const { spec } = quiet;
  if (spec?.redis.kind !== 'answered') throw new Error('Redis has not answered');
  const hashes = new Map([...spec.redis.hashes].map(([key, hash]) => [
    key,
    typeof hash === 'string' ? hash : counted({ ...hash, pid: '7', owner: `gone-${key}` }),
  ]));
  const members = Array.from(
    { length: count },
    (_, index) => counted({ id: String(index + 1), pending: 0, idleMs: 5 }),
  );
  const redis = { ...spec.redis, hashes, work: { ...spec.redis.work, members } };
  return {
    observed: { ...quiet, children: { ...quiet.children, deployments, pods }, spec: { ...spec, redis } },
    reads: () => reads,
  };
}

function look(count: number) {
  const { observed, reads } = crowd(count);
  const plan = planOf(observed);
  const status = statusOf(observed, plan, undefined, undefined);
  return { plan, status, reads: reads() };
}

test('ten times the consumers cost a look ten times the reads, and no more', () => {
  const [few, many] = [look(100), look(1000)];
  expect(many.plan.actions.filter((action) => action.do === 'clearStalePid')).toHaveLength(1000);
  expect(many.status).toMatchObject({ replicas: 1000, readyReplicas: 1000 });
  expect(many.reads / few.reads).toBeLessThan(11);
  expect(eventsOf(many.plan.actions, false).length).toBeLessThan(5);
});
