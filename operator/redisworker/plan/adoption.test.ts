import { describe, expect, it } from 'vitest';
import { configHashKey } from '../../../contract/keys.ts';
import { worker } from '../../../test/support/gen.ts';
import { settled, steps } from '../../../test/support/plans.ts';
import { eventsOf } from '../apply/events.ts';
import { planOf } from './index.ts';

const key = configHashKey('w', '1');
/** The worker `w`, whose hash is as it should be but for `fields`; its consumer last read `idleMs` ago. */
const found = (fields: Record<string, string | undefined>, ...[idleMs, inactiveMs]: [number?, number?]) => {
  const { spec } = settled(worker('w'));
  const hash = spec?.redis.kind === 'answered' ? spec.redis.hashes.get(key) : undefined;
  const all = { ...(hash as Record<string, string>), ...fields };
  const there = Object.fromEntries(
    Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
  const consumers = idleMs === undefined
    ? []
    : [{ name: '1', pending: 0, idleMs, ...(inactiveMs === undefined ? {} : { inactiveMs }) }];
  return planOf(settled(worker('w'), { hashes: { [key]: there }, stream: { consumers } }));
};

describe('the config hash of a worker that was made anew under its name', () => {
  const before = { resource: 'default/w/uid-before' };

  it('is taken over when no process holds it', () => {
    const plan = found(before);
    expect(steps(plan)).toEqual(['writeConfigHash ConfigHashAdopted 1']);
    expect(plan.actions[0]).toMatchObject({ replaces: 'default/w/uid-before' });
    expect(eventsOf(plan.actions, false)[0]?.message).toContain('left behind by an earlier worker of this name');
  });

  it('is taken over when the process that holds it has long been silent', () => {
    expect(steps(found({ ...before, pid: '7', owner: 'pod-of-before' }, 61_000, 61_000))).toEqual([
      'clearStalePid OwnerPodGone 1',
      'writeConfigHash ConfigHashAdopted 1',
    ]);
  });

  it.each([
    ['reads', 59_000, 59_000],
    ['may read, which a server before 7.2 cannot tell', 600_000, undefined],
  ])('is left to a process that still %s: it may be a worker of another cluster', (_, idleMs, inactiveMs) => {
    const plan = found({ ...before, pid: '7', owner: 'pod-of-another-cluster' }, idleMs, inactiveMs);
    expect(plan.actions).toEqual([]);
    expect(plan.problems).toMatchObject([{
      reason: 'HashConflict',
      message:
        `config hash "w:1:h" belongs to default/w/uid-before and holds the pid of a process (7): delete that worker, or delete the hash if it is left over`,
    }]);
  });

  it('is left alone when it belongs to a worker of another name or namespace', () => {
    for (const resource of ['default/v/uid-1', 'other/w/uid-1', 'default/w2/uid-1']) {
      expect(found({ resource }).problems).toMatchObject([{ reason: 'HashConflict' }]);
    }
  });
});

describe('a hash nobody owns', () => {
  it('is adopted, and the fields it loses are told', () => {
    const plan = found({ resource: undefined, repo: 'their/repo', encryptedJson: 'theirs' });
    expect(steps(plan)).toEqual(['writeConfigHash ConfigHashAdopted 1']);
    expect(eventsOf(plan.actions, false)[0]?.message).toContain(
      'without the fields repo, encryptedJson that were in it',
    );
  });
});

describe('the pid of a process without a pod', () => {
  const byHand = { pid: '7', owner: undefined };

  it('is cleared once its consumer has not read for a minute', () => {
    expect(steps(found(byHand, 61_000, 61_000))).toEqual(['clearStalePid OwnerPodGone 1']);
    expect(steps(found(byHand, 59_000, 59_000))).toEqual([]);
  });

  it('stays on a server that does not count reads without an answer: a worker that waits looks silent there', () => {
    expect(steps(found(byHand, 600_000, undefined))).toEqual([]);
  });
});
