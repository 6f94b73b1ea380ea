import { describe, expect, test } from 'vitest';
import { maxBundleBytes, maxModuleBytes } from '../../../contract/limits.ts';
import { digest } from '../model/names.ts';
import { resolveSource, textOfBundle } from './source.ts';

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

test('a digest that was put right is looked at again', () => {
  const configMap = holding({ 'worker.js': code });
  expect(resolveSource(bundle('another'), [configMap])).toMatchObject({ ok: false });
  expect(resolveSource(bundle(code), [configMap])).toMatchObject({ ok: true });
});

describe('a module that was bundled', () => {
  const textOf = (data: Record<string, string>, digestOf = code) =>
    textOfBundle(bundle(digestOf).bundle, [holding(data)], 'spec.modules.m.source.bundle');
  const long = 'x'.repeat(maxModuleBytes + 1);

  test('is its text, with the source map unless that is too long', () => {
    const map = { name: '0123456789ab.map', text: '{}' };
    expect(textOf({ 'worker.js': code, [map.name]: map.text })).toEqual({
      ok: true,
      value: { text: code, bundle: { map } },
    });
    expect(textOf({ 'worker.js': code, [map.name]: long })).toEqual({ ok: true, value: { text: code, bundle: {} } });
    expect(textOf({ 'worker.js': code })).toEqual({ ok: true, value: { text: code, bundle: {} } });
  });

  test('has 1 MiB at most, and is refused with the field that names it', () => {
    expect(textOf({ 'worker.js': long }, long)).toMatchObject({ ok: false, problem: { reason: 'SourceTooLarge' } });
    expect(textOf({ 'worker.js': 'other' })).toMatchObject({
      ok: false,
      problem: { message: expect.stringContaining('spec.modules.m.source.bundle.digest wants') },
    });
  });
});

test('a file is refused where there is no disk to read it from', () => {
  expect(resolveSource({ file: 'greet.ts' }, [])).toMatchObject({
    ok: false,
    problem: { reason: 'SourceIsLocal', terminal: true, message: expect.stringContaining('redisworker up') },
  });
});
