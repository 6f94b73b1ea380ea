import { describe, expect, test } from 'vitest';
import { maxBundleBytes } from '../../../contract/limits.ts';
import { digest } from '../model/names.ts';
import { resolveSource } from './source.ts';

const code = 'export default () => 1;\n//# sourceMappingURL=0123456789ab.map\n';
const bundle = (text: string) => ({ bundle: { digest: `sha256-${digest(text)}`, configMaps: ['greet-code'] } });
const holding = (data: Record<string, string>) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'greet-code' },
  data,
});

describe('a bundle', () => {
  test('is the code of its ConfigMap, with the source map its last line names', () => {
    const configMap = holding({ 'worker.js': code, '0123456789ab.map': '{}', other: 'x' });
    expect(resolveSource(bundle(code), [configMap])).toEqual({
      ok: true,
      value: {
        parts: [{ data: { 'worker.js': code, '0123456789ab.map': '{}' } }],
        fileName: 'worker.js',
        bytes: code.length,
        digest: `sha256-${digest(code)}`,
      },
    });
  });

  const large = 'x'.repeat(maxBundleBytes + 1);
  test.each([
    ['there is no ConfigMap', code, undefined, 'ConfigMapNotFound'],
    ['it holds something else', code, holding({ other: code }), 'ConfigMapKeyNotFound'],
    ['its code is another', code, holding({ 'worker.js': `${code} ` }), 'SourceDigestMismatch'],
    ['it is too large', large, holding({ 'worker.js': large }), 'SourceTooLarge'],
  ])('is waited for while %s', (_why, text, configMap, reason) => {
    expect(resolveSource(bundle(text), [configMap])).toMatchObject({ ok: false, problem: { reason, terminal: false } });
  });
});

test('a file is refused where there is no disk to read it from', () => {
  expect(resolveSource({ file: 'greet.ts' }, [])).toMatchObject({
    ok: false,
    problem: { reason: 'SourceIsLocal', terminal: true, message: expect.stringContaining('redisworker up') },
  });
});
