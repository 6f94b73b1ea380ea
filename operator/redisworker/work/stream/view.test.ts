import { expect, test } from 'vitest';
import type { BesideStream } from '../../../redis/beside-stream.ts';
import { idleStream, observed, ownedStream } from '../../../../test/support/observed.ts';
import type { KubeObject } from '../../../cluster/cluster.ts';
import type { StreamBlueprint } from './blueprint.ts';
import { streamView, type WorkingStreamView } from './view.ts';

function worker(spec: object = {}): KubeObject {
  return {
    apiVersion: 'redisworker.dev/v1alpha1',
    kind: 'RedisWorker',
    metadata: { name: 'w', namespace: 'default' },
    spec: { type: 'w', source: { inline: 'export default () => 1;' }, ...spec },
  };
}

function look(around: { view?: Partial<WorkingStreamView>; beside?: Partial<BesideStream>; spec?: object } = {}) {
  const { spec } = observed(worker(around.spec));
  const stream = spec?.blueprint.work as StreamBlueprint;
  return streamView({ ...idleStream, unfinished: around.view?.pending ?? 0, ...around.view }, {
    ...ownedStream,
    ...around.beside,
  }, stream);
}

const startOf = (...args: Parameters<typeof look>) =>
  look(...args).start(new Map()).map((action) => action.do === 'changeWork' && action.step.step);

test('a group is made when there is none, taken over when nobody has it, and left to another worker', () => {
  expect(startOf({ view: { group: false } })).toEqual(['ensureGroup']);
  expect(startOf()).toEqual([]);
  expect(startOf({ beside: { owner: undefined } })).toEqual(['claimGroup']);
  expect(startOf({ beside: { owner: 'default/w/uid-of-before' } })).toEqual(['claimGroup']);
  expect(startOf({ beside: { owner: 'default/other/uid-9' } })).toEqual([]);
});

test('a worker leaves consumers and group of another one alone, whatever their ids', () => {
  const leavingOf = (beside: Partial<BesideStream>) => {
    const consumers = [{ name: '1', pending: 2, idleMs: 0 }];
    const view = look({ view: { consumers }, beside });
    return [...view.leave({ id: '1', heir: '2', why: 'ConsumerRemoved' }), ...view.end('Delete')].map((action) =>
      action.do === 'changeWork' && action.step.step
    );
  };
  expect(leavingOf({})).toEqual(['handOver', 'deleteConsumer', 'leaveGroup']);
  expect(leavingOf({ owner: 'default/other/uid-9' })).toEqual([]);
});

test('the backlog is what is not finished: not delivered, not acknowledged, waiting for another attempt', () => {
  const { status } = look({
    view: { lag: 5, pending: 3, oldestPendingTime: '2030-01-01T00:00:00.000Z', length: 20 },
    beside: { scheduled: 2, deadLetters: 4 },
  });
  expect(status.stream).toEqual({
    lag: 5,
    pending: 3,
    scheduled: 2,
    backlog: 10,
    deadLetters: 4,
    oldestPendingTime: '2030-01-01T00:00:00.000Z',
    length: 20,
  });
});

test('what a program of the user has answered and never acknowledges is no backlog', () => {
  const taken = { lag: 5, pending: 3, oldestPendingTime: '2030-01-01T00:00:00.000Z' };
  const backlogs = [0, 1, undefined].map((unfinished) =>
    look({ spec: { runtime: 'Script' }, view: { ...taken, unfinished } }).status.stream
  );
  const rest = { lag: 5, pending: 3, scheduled: 0, length: 0 };
  expect(backlogs).toEqual([{ ...rest, backlog: 5 }, { ...rest, backlog: 6 }, { ...rest, backlog: 5 }]);
});

test('without a group nobody knows what waits, and nothing is told of it', () => {
  const missing = look({ view: { exists: false, group: false, lag: undefined, length: 0 } });
  expect(missing.status.stream).toEqual({ scheduled: 0, length: 0 });
  expect(missing.isIdle).toBe(false);
});

test('a worker is idle with nothing to deliver and nothing under way, whatever is due later', () => {
  const isIdle = (view: Partial<WorkingStreamView>) => look({ view, beside: { scheduled: 4 } }).isIdle;
  expect([isIdle({}), isIdle({ lag: 1 }), isIdle({ pending: 1 }), isIdle({ pending: 9, unfinished: 0 })]).toEqual(
    [true, false, false, true],
  );
});

test('a key of another type is told by its name, whatever it is used for', () => {
  const { problems } = look({
    view: { wrongType: true },
    beside: {
      misfits: [
        { use: 'responses', key: 'w:res:x' },
        { use: 'deadLetters', key: 'w:dead:x' },
        { use: 'retries', key: 'w:retry:z' },
        { use: 'record', key: 'w:req:x:worker:g' },
      ],
    },
  });
  expect(problems.every(({ reason, terminal }) => reason === 'WrongRedisType' && terminal)).toBe(true);
  expect(problems.map(({ message }) => message)).toEqual([
    'key "w:req:x" is not a stream: delete it, or name another in spec.stream.request',
    'key "w:res:x" is not a stream: delete it, or name another in spec.stream.response',
    'key "w:dead:x" is not a stream: delete it, or name another in spec.handler.deadLetter',
    'key "w:retry:z" is not a sorted set: delete it, or choose another spec.type',
    'key "w:req:x:worker:g" is not a hash: delete it, or choose another spec.stream.group',
  ]);
});
