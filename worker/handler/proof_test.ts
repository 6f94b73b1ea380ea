import { encodeKeyLine } from '../../contract/secrets.ts';
import { assertEquals } from '../testing/assert.ts';
import { flat } from '../testing/held.ts';
import { decodeEntry } from './entry.ts';
import { Proof } from './proof.ts';
import { sipHash } from './siphash.ts';

const key = encodeKeyLine('00112233445566778899aabbccddeeff');
const proof = new Proof('demo', key);
const sent = (fields: Record<string, string>) => decodeEntry('9-1', flat({ ref: 'r', type: 'demo', ...fields }));
const claim = { 'rw:attempt': '3', 'rw:xid': '5-1' };
const mark = proof.of({ ...sent({}), attempt: 3, xid: '5-1' });
const told = (fields: Record<string, string>, by = proof) => {
  const { attempt, xid } = by.checked(sent(fields));
  return [attempt, xid];
};

Deno.test('SipHash gives what its authors give', () => {
  const authors = [0x0706050403020100n, 0x0f0e0d0c0b0a0908n] as const;
  const message = (length: number) => Uint8Array.from({ length }, (_, at) => at);
  assertEquals([0, 1, 7, 8, 15, 63].map((length) => sipHash(authors, message(length)).toString(16)), [
    '726fdb47dd0e0e31',
    '74f839c593dc67fd',
    'ab0200f58b01d137',
    '93f5f5799a932462',
    'a129ca6149be45e5',
    '958a324ceb064572',
  ]);
});

Deno.test('what this worker sent round again is known by its mark', () => {
  assertEquals(told({ ...claim, 'rw:proof': mark }), [3, '5-1']);
  assertEquals(told({ ...claim, 'rw:proof': mark }, new Proof('demo', key)), [3, '5-1']);
});

Deno.test('a caller can set neither the attempt nor the id of a request', () => {
  assertEquals(
    [
      told(claim),
      told({ ...claim, 'rw:proof': '0'.repeat(16) }),
      told({ ...claim, 'rw:attempt': '2', 'rw:proof': mark }),
      told({ ...claim, 'rw:xid': '5-2', 'rw:proof': mark }),
      told({ ...claim, ref: 'other', 'rw:proof': mark }),
      told({ ...claim, 'rw:proof': mark }, new Proof('demo', encodeKeyLine('ff112233445566778899aabbccddeeff'))),
      told({ ...claim, 'rw:proof': mark }, new Proof('other', key)),
    ],
    Array(7).fill([1, '9-1']),
  );
});
