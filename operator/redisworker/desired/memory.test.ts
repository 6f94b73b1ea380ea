import { expect, test } from 'vitest';
import { memoryMiB } from './memory.ts';

test.each([
  ['128Mi', 128],
  ['1Gi', 1024],
  ['0.5Gi', 512],
  ['134217728', 128],
  [134217728, 128],
  ['1e9', 953],
  ['1.5e9', 1430],
  ['128974848000m', 123],
  ['1G', 953],
  ['100000Ki', 97],
  ['1P', 1_048_576],
  ['1Ei', 1_048_576],
  ['1E', 1_048_576],
])('%s is %s MiB to Deno', (quantity, mebibytes) => expect(memoryMiB(quantity)).toBe(mebibytes));

test('what is no quantity has no size', () => expect(memoryMiB('much')).toBeUndefined());
