import { describe, expect, test } from 'vitest';
import { maxConfigMapBytes } from '../../contract/limits.ts';
import { noise } from '../../test/support/large-code.ts';
import { type Holder, pack, type Part, unpack } from './pack.ts';

const large = noise(3 * 1024 * 1024);
const holders = (parts: readonly Part[]): Holder[] => parts.map((part, at) => ({ name: `code-${at + 1}`, ...part }));
const keysOf = (parts: readonly Part[]) =>
  parts.map(({ data = {}, binaryData = {} }) => Object.keys({ ...data, ...binaryData }));
const problemOf = (parts: readonly Holder[], maxBytes = large.length) => {
  const made = unpack(parts, () => maxBytes);
  return made.ok ? undefined : made.problem;
};

describe('files as ConfigMaps hold them', () => {
  const parts = pack({ 'worker.js': large, 'a.map': noise(maxConfigMapBytes) }) ?? [];

  test('stay as they are where one holds all of them', () => {
    expect(pack({ 'worker.js': 'x', 'a.map': 'y' })).toEqual([{ data: { 'worker.js': 'x', 'a.map': 'y' } }]);
  });

  test('are compressed and cut where none does, each no larger than one holds', () => {
    expect(keysOf(parts)).toEqual([
      ['worker.js.gz.1-of-3'],
      ['worker.js.gz.2-of-3'],
      ['worker.js.gz.3-of-3', 'a.map.gz.1-of-2'],
      ['a.map.gz.2-of-2'],
    ]);
    for (const { binaryData = {} } of parts) {
      const bytes = Object.values(binaryData).map((text) => Buffer.from(text, 'base64').length);
      expect(bytes.reduce((sum, one) => sum + one)).toBeLessThanOrEqual(maxConfigMapBytes);
    }
    const made = unpack(holders(parts), () => large.length);
    expect(made.ok && [...made.files].map(([file, text]) => [file, text === large, text.length])).toEqual([
      ['worker.js', true, large.length],
      ['a.map', false, maxConfigMapBytes],
    ]);
  });

  test('are the same bytes for the same files, without the system they were made on', () => {
    expect(pack({ 'worker.js': large })).toEqual(pack({ 'worker.js': large }));
    const [first] = Object.values(parts[0]?.binaryData ?? {});
    expect(Buffer.from(first ?? '', 'base64').subarray(0, 10).toString('hex')).toBe('1f8b08000000000002ff');
  });

  test('are one ConfigMap when they fit compressed', () => {
    expect(keysOf(pack({ 'worker.js': 'x'.repeat(maxConfigMapBytes + 1) }) ?? [])).toEqual([['worker.js.gz.1-of-1']]);
  });

  test('are not made of ConfigMaps without end', () => {
    const files = Array.from({ length: 8 }, (_, at) => [`${at}.js`, large] as const); // three quarters of 24 MiB
    expect(pack(Object.fromEntries(files))).toBeUndefined();
  });

  test.each([
    ['a part is missing', (all: Holder[]) => all.toSpliced(1, 1), 'part 2 of 3 of worker.js is in none of them'],
    ['the last is missing', (all: Holder[]) => all.slice(0, -1), 'part 2 of 2 of a.map is in none of them'],
    [
      'they are in another order',
      ([one, two, ...more]: Holder[]) => [two!, one!, ...more],
      'ConfigMap "code-2" holds part 2 of 3 of worker.js where part 1 should be',
    ],
    [
      'one has another content',
      ([one, ...more]: Holder[]) => [{ ...one!, binaryData: { 'worker.js.gz.1-of-3': 'AAAA' } }, ...more],
      'worker.js of ConfigMap "code-1", ConfigMap "code-2", ConfigMap "code-3" cannot be decompressed',
    ],
  ])('are refused by name where %s', (_what, change, problem) => {
    expect(problemOf(change(holders(parts)))).toBe(problem);
  });

  test('are not made larger than they may be', () => {
    expect(problemOf(holders(parts), large.length - 1)).toContain(`is larger than ${large.length - 1} bytes`);
  });
});
