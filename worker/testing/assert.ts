/**
 * The few assertions the tests on Deno need. Ours, because the runtime has no remote imports, and `node:assert`
 * would bring Node's types, which are not Deno's, into the check of everything.
 */

/** Asserts that two values have the same content and the same prototypes. */
export function assertEquals(actual: unknown, expected: unknown): void {
  if (!equal(actual, expected)) {
    throw new Error(`not equal\n  actual:   ${show(actual)}\n  expected: ${show(expected)}`);
  }
}

/** Asserts that `act` throws an error of `kind`, or one whose text (`name: message`) matches. */
export function assertThrows(act: () => unknown, kind: RegExp | (new (message: string) => Error)): void {
  try {
    act();
  } catch (error) {
    const fits = kind instanceof RegExp ? kind.test(String(error)) : error instanceof kind;
    if (!fits) throw new Error(`threw ${show(error)}, not ${kind}`);
    return;
  }
  throw new Error(`did not throw ${kind}`);
}

function equal(one: unknown, other: unknown): boolean {
  if (Object.is(one, other)) return true;
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return false;
  if (Object.getPrototypeOf(one) !== Object.getPrototypeOf(other)) return false;
  if (one instanceof Uint8Array && other instanceof Uint8Array) {
    return one.length === other.length && one.every((byte, at) => byte === other[at]);
  }
  const [names, otherNames] = [Object.keys(one), Object.keys(other)];
  const at = (value: object, name: string) => (value as Record<string, unknown>)[name];
  return names.length === otherNames.length &&
    names.every((name) => name in other && equal(at(one, name), at(other, name)));
}

function show(value: unknown): string {
  return Deno.inspect(value, { depth: 8, strAbbreviateSize: 500 });
}
