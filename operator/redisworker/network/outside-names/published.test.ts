import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  decodePublished,
  encodePublished,
  lagsBehind,
  publish,
  type Published,
  restMs,
  unpublished,
} from './published.ts';

const current = (names: Record<string, string[]>) => new Map(Object.entries(names));
const said = ({ names }: Published) => Object.fromEntries(names);
const start = 1_800_000_000_000;

describe('what a policy opens for names outside', () => {
  const first = publish(unpublished, current({ a: ['1'] }), start);

  test('has the first addresses of a name at once', () => {
    expect(said(first)).toEqual({ a: ['1'] });
    const second = publish(first, current({ a: ['1'], b: ['2'] }), start + 1);
    expect([said(second), second.movedAt]).toEqual([{ a: ['1'], b: ['2'] }, start + 1]);
  });

  test('takes other addresses in only when the last change is 30 seconds old', () => {
    const early = publish(first, current({ a: ['2'] }), start + restMs - 1);
    expect([said(early), lagsBehind(early, current({ a: ['2'] }))]).toEqual([{ a: ['1'] }, true]);
    const due = publish(early, current({ a: ['2'] }), start + restMs);
    expect([said(due), due.movedAt, lagsBehind(due, current({ a: ['2'] }))]).toEqual([
      { a: ['2'] },
      start + restMs,
      false,
    ]);
  });

  test('keeps a name that has lost its addresses, so that one which comes and goes changes it no more often', () => {
    const empty = publish(first, current({ a: [] }), start + restMs);
    expect(said(empty)).toEqual({ a: [] });
    expect(said(publish(empty, current({ a: ['1'] }), start + restMs + 1))).toEqual({ a: [] });
  });

  test('forgets names that are no longer used at once, and does not count that as a change', () => {
    expect(publish(first, current({}), start + 1)).toEqual({ movedAt: start, names: new Map() });
  });

  test('changes at most once in 30 seconds, but for first addresses, and ends where DNS is', () => {
    const names = fc.dictionary(fc.constantFrom('a', 'b', 'constructor', '__proto__'), fc.subarray(['1', '2', '3']), {
      maxKeys: 3,
    });
    fc.assert(
      fc.property(
        fc.array(fc.tuple(names, fc.integer({ min: 1, max: 40_000 })), { minLength: 1, maxLength: 20 }),
        (steps) => {
          let [published, now, moved] = [unpublished, start, 0];
          for (const [step, wait] of steps) {
            now += wait;
            const after = publish(published, current(step), now);
            const changed = [...published.names].some(([host, addresses]) =>
              after.names.has(host) && JSON.stringify(after.names.get(host)) !== JSON.stringify(addresses)
            );
            if (changed) {
              expect(now - moved).toBeGreaterThanOrEqual(restMs);
              moved = now;
            }
            published = after;
          }
          const last = current(steps.at(-1)![0]);
          expect(lagsBehind(publish(published, last, now + restMs), last)).toBe(false);
        },
      ),
      { numRuns: 300 },
    );
  });

  test('survives as an annotation, and anything else in its place counts as nothing', () => {
    const published: Published = { movedAt: start, names: new Map([['b', ['2']], ['a', []], ['__proto__', ['1']]]) };
    const text = encodePublished(published);
    expect(decodePublished(text, start)).toEqual({
      movedAt: start,
      names: new Map([['__proto__', ['1']], ['a', []], ['b', ['2']]]),
    });
    expect(encodePublished(unpublished)).toBeUndefined();
    for (
      const bad of [
        undefined,
        '',
        '{',
        'null',
        '[]',
        '{"names":{}}',
        '{"movedAt":1,"names":{"a":["1"]}}',
        '{"movedAt":"x","names":{}}',
      ]
    ) expect(decodePublished(bad, start)).toEqual(unpublished);
    expect(decodePublished('{"movedAt":"2026-01-01T00:00:00Z","names":{"a":[1],"b":["2"]}}', start).names).toEqual(
      new Map([['b', ['2']]]),
    );
    expect(decodePublished('{"movedAt":"9999-01-01T00:00:00Z","names":{}}', start).movedAt).toBe(start);
  });
});
