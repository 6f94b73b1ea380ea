/** The few assertions the worker's own tests need; the runtime has no remote imports, and neither have they. */
import { deepStrictEqual, throws } from 'node:assert/strict';

export function assertEquals(actual: unknown, expected: unknown): void {
  deepStrictEqual(actual, expected);
}

/** Asserts that `act` throws an error of `kind`, or one whose message matches. */
export function assertThrows(act: () => unknown, kind: RegExp | (new (message: string) => Error)): void {
  throws(act, kind);
}
