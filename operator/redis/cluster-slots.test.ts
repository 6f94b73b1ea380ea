import { expect, test } from 'vitest';
import { slotOf } from '../../contract/redis-slot.ts';
import { targetAt } from '../../test/support/redis-target.ts';
import { redirectionIn, SlotMap } from './cluster-slots.ts';
import { toFault } from './fault.ts';

const asked = { host: 'seed', tls: false };
const refusal = (message: string) =>
  toFault(Object.assign(new Error(message), { name: 'ReplyError' }), targetAt({ host: 'seed' }));

test('the owner of a slot is the master that was told last, whatever a node calls itself', () => {
  const map = new SlotMap([
    [0, 8191, ['10.0.0.1', 7000, 'id'], ['10.0.0.3', 7000, 'id']],
    [8192, 16_383, ['', 7001, 'id'], [null, 7002, 'id']],
  ], asked);
  const [low, high] = [['b', '10.0.0.1', 7000], ['a', 'seed', 7001]] as const;
  for (const [key, host, port] of [low, high]) expect(map.ownerOf(key)).toEqual({ host, port });
  expect(map.servers.map(({ host, port }) => `${host}:${port}`)).toEqual([
    '10.0.0.1:7000',
    '10.0.0.3:7000',
    'seed:7001',
    'seed:7002',
  ]);
  map.correct(slotOf('a'), { host: 'new', port: 1 });
  expect(map.ownerOf('a')).toEqual({ host: 'new', port: 1 });
});

test.each([null, 'OK', [], [[0, 5]], [['x', 'y', ['h', 1]]], [[0, 16_383, ['h', 99_999]]]])(
  'what is no map tells of nobody: %j',
  (reply) => {
    expect(new SlotMap(reply, asked).ownerOf('a')).toBeUndefined();
  },
);

test.each([
  ['MOVED 15495 10.0.0.2:7000', { kind: 'Moved', slot: 15_495, server: { host: '10.0.0.2', port: 7000 } }],
  ['ASK 1 fd00::1:7000', { kind: 'Ask', slot: 1, server: { host: 'fd00::1', port: 7000 } }],
  ['MOVED 1 :7000', { kind: 'Moved', slot: 1, server: { host: 'seed', port: 7000 } }],
  ['MOVED 1 ?:7000', { kind: 'Moved', slot: 1, server: { host: 'seed', port: 7000 } }],
  ['MOVED 16384 10.0.0.2:7000', undefined],
  ['MOVED 1 10.0.0.2:0', undefined],
  ['MOVED 1 two words:7000', undefined],
  ['WRONGTYPE of value', undefined],
])('"%s" leads to %j', (message, redirection) => {
  expect(redirectionIn(refusal(message), asked)).toEqual(redirection);
});
