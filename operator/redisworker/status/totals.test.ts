import { expect, test } from 'vitest';
import { worker } from '../../../test/support/gen.ts';
import { observed } from '../../../test/support/observed.ts';
import { latencyFrom } from '../../redis/latency.ts';
import { emptyTally, type ResponseTally } from '../../redis/response-tally.ts';
import { tallyFrom } from '../observe/tally-from-status.ts';
import type { Observed } from '../model/observed.ts';
import { planOf } from '../plan/index.ts';
import { statusOf } from './index.ts';

const counted: ResponseTally = {
  ...emptyTally,
  total: 7,
  succeeded: 5,
  failed: 2,
  codes: { '200': 5, '500': 2 },
  counted: { '200': 3 },
  unreadable: 1,
  sampled: 3,
  missed: 1,
  lastId: '1700000000000-3',
  entriesAdded: 9,
  lastCode: 500,
  lastTime: '2030-01-01T00:00:00.000Z',
};

const answered = { total: 7, counted: 3, failed: 2, lastCode: 500, lastTime: '2030-01-01T00:00:00.000Z' };

const problem = { reason: 'SecretNotFound', message: 'there is no such Secret', terminal: false } as const;
const fault = { kind: 'fault', reason: 'RedisUnreachable', message: 'down' } as const;

const unreadable: Observed = { ...observed(worker('w')), spec: undefined };

test.each<[string, Omit<Observed, 'responses'>]>([
  ['its Redis answers', observed(worker('w'))],
  ['its Redis does not answer', observed(worker('w'), { spec: { redis: fault } })],
  ['nobody can log in to it', observed(worker('w'), { spec: { access: { ok: false, problem }, redis: fault } })],
  ['its address is wrong', observed(worker('w'), { spec: { endpoint: { ok: false, problem }, redis: fault } })],
  ['the spec cannot be read', unreadable],
])('totals and cursor of a worker survive a restart of the operator while %s', (_, seen) => {
  const before = { ...seen, responses: counted };
  const status = statusOf(before, planOf(before), undefined, undefined);
  expect(tallyFrom(status)).toEqual(counted);
});

test('what each consumer has answered survives it too', () => {
  const seen = observed(worker('w'));
  const first = { ...answered, latency: latencyFrom(12, 340) };
  const before = { ...seen, responses: { ...counted, perConsumer: new Map([['1', first]]) } };
  const status = statusOf(before, planOf(before), undefined, undefined);
  expect(status.consumers?.[0]).toMatchObject({ id: '1', ...answered });
  const again = { ...seen, responses: tallyFrom(status) };
  expect(statusOf(again, planOf(again), undefined, undefined).consumers).toEqual(status.consumers);
});
