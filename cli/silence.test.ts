import { expect, test } from 'vitest';
import { explainSilence, type GroupState } from './silence.ts';

const request = { type: 'w', stream: 'w-requests', timeoutSeconds: 3 };
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
    'the request waits in w-requests, 7 others are pending',
  ],
  ['an acknowledged request', [group], 'acknowledged it without a reply'],
])('%s is told', (_, groups, sentence) => {
  const text = explainSilence({ groups }, request);
  expect(text).toContain('no reply from "w" within 3 s: ');
  expect(text).toContain(sentence);
});
