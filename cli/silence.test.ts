import { expect, test } from 'vitest';
import type { GroupState } from '../operator/redis/requests/groups.ts';
import { explainSilence } from './silence.ts';

const request = { type: 'w', stream: 'w-requests', id: '5-0', timeoutSeconds: 3 };
const group: GroupState = { name: 'worker', consumers: 1, pending: 0, delivered: true };

test.each<[string, readonly GroupState[], string]>([
  ['nobody has ever read', [], 'w-requests has no consumer group'],
  [
    'a group without a consumer',
    [{ ...group, consumers: 0, delivered: false }],
    'no consumer has joined the group "worker"',
  ],
  [
    'a consumer still at it',
    [{ ...group, pending: 1, heldBy: '2' }],
    'consumer "2" has the request and has not finished it',
  ],
  [
    'a request not yet delivered',
    [{ ...group, pending: 7, delivered: false }],
    'the request waits in w-requests, 7 others are pending; the workers are busy or stopped, see "redisworker status". It runs once one of them takes it; "redis-cli XDEL w-requests 5-0" removes it',
  ],
  ['an acknowledged request', [group], 'acknowledged it without a reply'],
])('%s is told', (_, groups, sentence) => {
  const text = explainSilence({ groups, takenBack: false }, request);
  expect(text).toContain('no reply from "w" within 3 s: ');
  expect(text).toContain(sentence);
});

test('an interrupted wait is told as one, and that the request was taken back', () => {
  const text = explainSilence({ groups: [], takenBack: true }, { type: 'w', stream: 's', id: '5-0' });
  expect(text).toMatch(/^interrupted before "w" replied: .* The request was taken back: it will not run$/);
});
