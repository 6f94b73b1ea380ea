import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { refusedByDeno, refusedByUsAlone, taken } from '../../../../test/support/net-corpus.ts';
import { netEntry } from '../../../api/fields/net-entry.ts';
import { formatEntry, formatScope, parseScope } from './canonical.ts';
import { parseEntry } from './parse.ts';

describe('parseEntry', () => {
  test.each(taken)('takes %j as %j', (text, canonical) => {
    const parsed = parseEntry(text);
    expect(parsed.ok ? formatEntry(parsed.entry) : parsed.problem).toBe(canonical);
  });

  test.each(taken)('reads its own text of %j as the same entry', (text) => {
    const parsed = parseEntry(text);
    expect(parsed.ok && parseEntry(formatEntry(parsed.entry))).toEqual(parsed);
  });

  test.each([...refusedByDeno, ...refusedByUsAlone])('refuses %j and says why', (text, word) => {
    const parsed = parseEntry(text);
    expect(parsed.ok ? parsed.entry : parsed.problem).toContain(word);
    expect(parsed.ok ? '' : parsed.problem).toContain(JSON.stringify(text.slice(0, 80)));
  });

  test('agrees with the rules of the schema, which cannot tell every IPv6 address', () => {
    const isLeftToUs = (text: string) => /^\[[0-9A-Fa-f:.]+\]/.test(text);
    const agrees = (text: string) => {
      const admitted = netEntry.safeParse(text).success;
      return admitted === parseEntry(text).ok || (admitted && isLeftToUs(text));
    };
    for (const [text] of [...taken, ...refusedByDeno, ...refusedByUsAlone]) expect(text, text).toSatisfy(agrees);
    const parts = [
      'a',
      'A-1',
      '_x',
      '-a',
      'a-',
      '1',
      '256',
      '01',
      '0x1f',
      '*',
      '*.',
      '.',
      ':',
      '[',
      ']',
      '[::1]',
      '/',
      '/8',
    ];
    const more = [
      '/33',
      ':443',
      ':0',
      ':80-90',
      ' ',
      ',',
      '@',
      '://',
      'unix:',
      '/run/x',
      'vsock:',
      'vsock:2:0',
      'vsock:4294967296:1',
      '/..',
      '/.x',
      '-1',
      '10.0.0.0',
      'ö',
    ];
    const text = fc.array(fc.constantFrom(...parts, ...more), { minLength: 1, maxLength: 6 }).map((some) =>
      some.join('')
    );
    fc.assert(fc.property(text, agrees), { numRuns: 2000 });
  });

  test('tells a problem as one short sentence, however long the entry', () => {
    const parsed = parseEntry('x'.repeat(10_000));
    expect(parsed).toEqual({
      ok: false,
      problem: expect.stringMatching(/^net entry "x{80}" is longer than 261 characters/),
    });
  });

  test('never throws, and what it takes it takes again in the same form', () => {
    const text = fc.oneof(
      fc.string(),
      fc.ipV4(),
      fc.ipV6().map((ip) => `[${ip}]`),
      fc.domain(),
      fc.stringMatching(/^[*.:/\[\]a-f0-9-]{0,20}$/),
    );
    fc.assert(
      fc.property(text, (entry) => {
        const once = parseEntry(entry);
        return !once.ok || JSON.stringify(parseEntry(formatEntry(once.entry))) === JSON.stringify(once);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('parseScope', () => {
  test('sorts, rewrites and drops duplicates, so that equal scopes have equal texts', () => {
    const parsed = parseScope([
      'redis:6379',
      'B.example.com',
      '10.1.2.3/8',
      'b.example.com.',
      '10.0.0.0/8',
      '[::FFFF:10.0.0.1]',
    ]);
    expect(parsed.ok && formatScope(parsed.scope)).toEqual(['10.0.0.0/8', '10.0.0.1', 'b.example.com', 'redis:6379']);
  });

  test('tells every problem, in the order of the entries', () => {
    const parsed = parseScope(['ok.example.com', '*', 'h:0']);
    expect(parsed.ok ? [] : parsed.problems).toEqual([
      expect.stringContaining('"*"'),
      expect.stringContaining('"h:0"'),
    ]);
  });

  test('takes no entries as no network', () => {
    expect(parseScope([])).toEqual({ ok: true, scope: [] });
  });
});
