import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { FamilyAnswer, NameAnswer } from '../../../dns/lookup.ts';
import { afterAnswer, differs, graceMs, type HeldName, unasked } from './held-name.ts';

const minute = 60_000;
const none: FamilyAnswer = { kind: 'none', why: 'NODATA' };
const gone: FamilyAnswer = { kind: 'none', why: 'NXDOMAIN' };
const failed = (why = 'SERVFAIL'): FamilyAnswer => ({ kind: 'failed', why });
const found = (ttlSeconds: number, ...addresses: string[]): FamilyAnswer => ({
  kind: 'addresses',
  addresses: addresses.map((address) => ({ address, ttlSeconds })),
});
const v4 = (ipv4: FamilyAnswer, ipv6: FamilyAnswer = none): NameAnswer => ({ ipv4, ipv6 });
const texts = ({ addresses }: HeldName) => addresses.map(({ address }) => address).sort();

describe('a name outside', () => {
  test('is asked for again when its shortest time is up, at least 5 and at most 300 seconds later', () => {
    const waits = (...ttls: number[]) =>
      afterAnswer(
        unasked,
        v4({ kind: 'addresses', addresses: ttls.map((ttlSeconds, at) => ({ address: `192.0.2.${at}`, ttlSeconds })) }),
        0,
      ).refreshAt;
    expect([waits(60), waits(90, 30), waits(0), waits(1), waits(86_400)]).toEqual([
      60_000,
      30_000,
      5000,
      5000,
      300_000,
    ]);
  });

  test('keeps addresses DNS no longer names for ten minutes after they were last seen, or for their own time if that is longer', () => {
    const first = afterAnswer(unasked, v4(found(5, '192.0.2.1')), 0);
    const second = afterAnswer(first, v4(found(5, '192.0.2.2')), graceMs - 1);
    expect(texts(second)).toEqual(['192.0.2.1', '192.0.2.2']);
    expect(texts(afterAnswer(second, v4(found(5, '192.0.2.2')), graceMs))).toEqual(['192.0.2.2']);
    const long = afterAnswer(unasked, v4(found(3600, '192.0.2.1')), 0);
    expect(texts(afterAnswer(long, v4(found(5, '192.0.2.2')), 59 * minute))).toEqual(['192.0.2.1', '192.0.2.2']);
  });

  test('is asked for again when the grace of an address ends', () => {
    const second = afterAnswer(
      afterAnswer(unasked, v4(found(5, '192.0.2.1')), 0),
      v4(found(300, '192.0.2.2')),
      graceMs - 20_000,
    );
    expect(second.refreshAt).toBe(graceMs);
  });

  test('keeps what it had for as long as DNS fails, and says since when', () => {
    const first = afterAnswer(unasked, v4(found(5, '192.0.2.1')), 0);
    const failing = [1, 2, 3].reduce(
      (held, times) => afterAnswer(held, v4(failed(`E${times}`), failed()), times * graceMs),
      first,
    );
    expect(texts(failing)).toEqual(['192.0.2.1']);
    expect(failing.failure).toEqual({ why: 'E1', since: graceMs, count: 3 });
    const back = afterAnswer(failing, v4(found(5, '192.0.2.2')), 4 * graceMs);
    expect([texts(back), back.failure]).toEqual([['192.0.2.2'], undefined]);
  });

  test('is asked for less and less often while DNS fails, at least once a minute', () => {
    let held = unasked;
    const waits = [1, 2, 3, 4, 5, 6].map(() => {
      held = afterAnswer(held, v4(failed(), failed()), 0);
      return held.refreshAt / 1000;
    });
    expect(waits).toEqual([5, 10, 20, 40, 60, 60]);
  });

  test.each([['does not exist', gone, gone], ['has no addresses', none, none], ['is half gone', gone, none]])(
    'loses everything at once when it %s',
    (_, ipv4, ipv6) => {
      const held = afterAnswer(afterAnswer(unasked, v4(found(300, '192.0.2.1')), 0), { ipv4, ipv6 }, 1);
      expect([texts(held), held.said, held.refreshAt]).toEqual([[], 'none', 10_001]);
    },
  );

  test('keeps the addresses of one family while DNS fails on it alone, and the other goes on', () => {
    const both = afterAnswer(unasked, { ipv4: found(5, '192.0.2.1'), ipv6: found(5, '2001:db8::1') }, 0);
    const half = afterAnswer(both, { ipv4: found(5, '192.0.2.2'), ipv6: failed() }, 2 * graceMs);
    expect([texts(half), half.failure?.why]).toEqual([['192.0.2.2', '2001:db8::1'], 'SERVFAIL']);
    const neverHadOne = afterAnswer(
      afterAnswer(unasked, v4(found(5, '192.0.2.1'), failed()), 0),
      v4(found(5, '192.0.2.1'), failed()),
      1,
    );
    expect(neverHadOne.failure).toBeUndefined();
    expect(afterAnswer(both, { ipv4: none, ipv6: failed() }, 1).said).toBe('addresses');
  });

  test('says it changed when its addresses or the word about them did, and not when it was merely seen again', () => {
    const first = afterAnswer(unasked, v4(found(5, '192.0.2.1', '192.0.2.2')), 0);
    expect(differs(first, afterAnswer(first, v4(found(60, '192.0.2.2', '192.0.2.1')), 5000))).toBe(false);
    const failing = afterAnswer(first, v4(failed(), failed()), 5000);
    expect(differs(first, failing)).toBe(true);
    expect(differs(failing, afterAnswer(failing, v4(failed('TIMEOUT'), failed()), 9000))).toBe(false);
    expect(differs(unasked, afterAnswer(unasked, v4(gone, gone), 0))).toBe(true);
  });

  test('holds an address of any answer for ten minutes, whatever DNS says next but that there is none', () => {
    const answer = fc.oneof(
      fc.subarray(['192.0.2.1', '192.0.2.2', '192.0.2.3'], { minLength: 1 }).chain((list) =>
        fc.integer({ min: 0, max: 900 }).map((ttl) => found(ttl, ...list))
      ),
      fc.constant(failed()),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(answer, fc.integer({ min: 0, max: 400_000 })), { maxLength: 12 }), (steps) => {
        let [held, now] = [unasked, 0];
        const seen = new Map<string, number>();
        for (const [ipv4, wait] of steps) {
          now += wait;
          held = afterAnswer(held, v4(ipv4), now);
          if (ipv4.kind === 'addresses') { for (const { address } of ipv4.addresses) seen.set(address, now); }
          const due = [...seen].filter(([, at]) => now - at < graceMs).map(([address]) => address);
          expect(texts(held)).toEqual(expect.arrayContaining(due));
          expect([...seen.keys()]).toEqual(expect.arrayContaining(texts(held)));
          expect(held.refreshAt - now).toBeGreaterThanOrEqual(5000);
          expect(held.refreshAt - now).toBeLessThanOrEqual(300_000);
        }
      }),
      { numRuns: 200 },
    );
  });
});
