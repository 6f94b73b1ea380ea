/** What of a value changes hands instead of being copied. */

/** The buffers and ports in values: in arrays, plain objects, maps and sets, not below views of a buffer, which are copied. */
export function transferables(values: readonly unknown[]): Transferable[] {
  const found: Transferable[] = [];
  if (values.every(isPrimitive)) return found;
  const seen = new Set<unknown>();
  const waiting: unknown[] = [...values];
  while (waiting.length > 0) {
    const value = waiting.pop();
    if (isPrimitive(value) || seen.has(value)) continue;
    seen.add(value);
    if (value instanceof ArrayBuffer) {
      if (!value.detached) found.push(value);
    } else if (value instanceof MessagePort) found.push(value);
    else if (Array.isArray(value) || value instanceof Set) push(waiting, value);
    else if (value instanceof Map) push(waiting, value.keys(), value.values());
    else if (isPlain(value as object)) push(waiting, Object.values(value as object));
  }
  return found;
}

function push(waiting: unknown[], ...lists: readonly Iterable<unknown>[]): void {
  for (const list of lists) for (const item of list) if (!isPrimitive(item)) waiting.push(item);
}

function isPrimitive(value: unknown): boolean {
  return (typeof value !== 'object' && typeof value !== 'function') || value === null;
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** What messages are posted to. */
export interface Poster {
  postMessage(message: unknown, transfer?: Transferable[]): void;
}

/** Posts: even an empty list of what is transferred has a thread load, when it starts, what takes a fifth of its start. */
export function post(to: Poster, message: unknown, transfer: Transferable[]): void {
  if (transfer.length === 0) to.postMessage(message);
  else to.postMessage(message, transfer);
}
