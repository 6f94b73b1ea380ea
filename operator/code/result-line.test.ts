import { describe, expect, test } from 'vitest';
import { noise } from '../../test/support/large-code.ts';
import type { ResolvedCode } from './outcome.ts';
import { readResultLine, resultLine } from './result-line.ts';

const resolved = (code: string, map = ''): ResolvedCode => ({
  kind: 'resolved',
  code,
  map,
  mapName: 'a.map',
  digest: 'sha256-0',
  bytes: code.length,
  entry: 'https://a.example/worker.ts',
  modules: 1,
  time: '2026-01-01T00:00:00.000Z',
});

describe('the line by which an outcome leaves a Job', () => {
  test('is found among others, and read as it was written', () => {
    const outcome = resolved('export default () => 1;\n', '{}');
    expect(readResultLine(`Warning: something\n${resultLine(outcome)}\nmore\n`)).toEqual(outcome);
  });

  test('leaves the source map out before it is too long, and is a refusal when that does not help', () => {
    const [code, longest] = [noise(100_000), 120_000];
    expect(resultLine(resolved(code)).length).toBeLessThanOrEqual(longest);
    expect(readResultLine(resultLine(resolved(code, noise(50_000)), longest))).toMatchObject({ code, map: '' });
    expect(readResultLine(resultLine(resolved(noise(130_000)), longest))).toMatchObject({
      kind: 'refused',
      reason: 'SourceTooLarge',
    });
  });

  test.each([
    ['was cut', (line: string) => line.slice(0, -10)],
    ['begins in the middle', (line: string) => line.slice(50)],
    ['was changed', (line: string) => line.replace(/.$/, 'A')],
    ["is somebody else's", () => 'hello'],
  ])('is no outcome when it %s', (_what, change) => {
    expect(readResultLine(change(resultLine(resolved('x'.repeat(1000)))))).toBeUndefined();
  });
});
