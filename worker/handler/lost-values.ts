/** Results that JSON would write as `{}`, or leave out, without a word. */

/** What to return in place of a value, by the name `Object.prototype.toString` has for it. */
const instead: Readonly<Record<string, string>> = {
  Map: 'return Object.fromEntries(map)',
  Set: 'return [...set]',
  WeakMap: 'return a plain object',
  WeakSet: 'return an array',
  Promise: 'await it',
  Error: 'throw it, or return its message',
  DOMException: 'throw it, or return its message',
  RegExp: 'return its source',
  Response: 'return await response.json() or await response.text()',
  Request: 'return await request.text()',
  Headers: 'return Object.fromEntries(headers)',
  FormData: 'return Object.fromEntries(form)',
  URLSearchParams: 'return Object.fromEntries(parameters)',
  Blob: 'return await blob.text()',
  File: 'return await file.text()',
  ReadableStream: 'read it to its end and return the text',
  ArrayBuffer: 'return new Uint8Array(buffer).toBase64()',
  Uint8Array: 'return bytes.toBase64(), or [...bytes]',
  Generator: 'return [...it]',
  AsyncGenerator: 'return await Array.fromAsync(it)',
  'Array Iterator': 'return [...it]',
  'Iterator Helper': 'return [...it]',
  'Map Iterator': 'return [...it]',
  'Set Iterator': 'return [...it]',
};

/** Parts of a result that are looked at: whoever returns more has to know what JSON carries. */
const maxParts = 100_000;
/** Of a result whose JSON gives no sign: an error with fields of its own loses its message and leaves the fields. */
const partsOnTop = 16;

/**
 * Refuses a result of which JSON has lost something.
 * @param json what came of it: only where that has an empty object, or one with numbered fields, all of the result is looked through
 * @throws TypeError with what to return instead
 */
export function refuseLost(body: unknown, json: string): void {
  if (typeof body === 'function' || typeof body === 'symbol') throw new TypeError(`it is a ${typeof body}`);
  if (typeof body !== 'object' || body === null) return;
  const isSuspicious = json.includes('{}') || json.includes('{"0":');
  const most = isSuspicious ? maxParts : partsOnTop;
  const parts: unknown[] = [body];
  for (let at = 0; at < parts.length && at < most; at++) {
    const part = parts[at];
    if (typeof part !== 'object' || part === null || typeof (part as { toJSON?: unknown }).toJSON === 'function') {
      continue;
    }
    const kind = kindOf(part);
    const advice = instead[kind];
    if (advice !== undefined) {
      throw new TypeError(
        `${at === 0 ? 'it is' : 'it holds'} a value of type ${kind}, which JSON cannot carry; ${advice}`,
      );
    }
    if (!isSuspicious && Array.isArray(part)) continue; // a long list takes as long to look through as to write
    for (const inner of Object.values(part)) if (typeof inner === 'object') parts.push(inner);
  }
}

function kindOf(value: object): string {
  if (ArrayBuffer.isView(value)) return 'Uint8Array';
  return Object.prototype.toString.call(value).slice('[object '.length, -1);
}
