import { describe, expect, test } from 'vitest';
import { anySignal, DeferredEndings, groupBy, withResolvers } from './node20.ts';

/** Runs the same on what Node has and on what stands in for it. */
async function story(stack: DeferredEndings | AsyncDisposableStack): Promise<unknown[]> {
  const told: unknown[] = [];
  stack.defer(() => {
    told.push('first');
    throw new Error('one');
  });
  stack.defer(async () => {
    await Promise.resolve();
    told.push('second');
    throw new Error('two');
  });
  stack.defer(() => void told.push('third'));
  const moved = stack.move();
  told.push(stack.disposed, moved.disposed);
  expect(() => stack.defer(() => undefined)).toThrow(ReferenceError);
  await stack.disposeAsync();
  await moved.disposeAsync().catch((error: unknown) => {
    const { name, error: last, suppressed } = error as SuppressedError;
    told.push(name, String(last), String(suppressed));
  });
  await moved.disposeAsync();
  return told;
}

describe('what stands in for a newer Node on Node 20 does the same', () => {
  test('as AsyncDisposableStack', async () => {
    expect(await story(new DeferredEndings())).toEqual(await story(new AsyncDisposableStack()));
  });

  test('as Map.groupBy', () => {
    const parity = (value: number, index: number): string => `${value % 2} ${index > 1}`;
    expect(groupBy(new Set([1, 2, 3, 4]), parity)).toEqual(Map.groupBy(new Set([1, 2, 3, 4]), parity));
  });

  test('as AbortSignal.any', () => {
    const [one, other] = [new AbortController(), new AbortController()];
    const either = anySignal([one.signal, other.signal]);
    expect(either.aborted).toBe(false);
    other.abort('enough');
    one.abort('later');
    expect(either.reason).toBe('enough');
    expect(anySignal([one.signal]).reason).toBe('later');
  });

  test('as Promise.withResolvers', async () => {
    const kept = withResolvers<number>();
    kept.resolve(1);
    expect(await kept.promise).toBe(1);
    const broken = withResolvers<number>();
    broken.reject(new Error('no'));
    await expect(broken.promise).rejects.toThrow('no');
  });
});
