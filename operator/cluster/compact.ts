/**
 * Objects that are kept by the thousand: a part that is seldom read is kept as its JSON text, a third of the size, and
 * parsed when somebody reads it. What was read last is remembered as long as memory allows.
 */
import type { KubeObject } from './cluster.ts';

type Part = 'spec' | 'status';

/** The object with these parts as text; it reads like the object itself. */
export function compacted(object: KubeObject, parts: readonly Part[]): KubeObject {
  const compact: KubeObject = { ...object };
  for (const part of parts) if (typeof object[part] === 'object') keepAsText(compact, part, object[part]);
  return compact;
}

function keepAsText(object: KubeObject, part: Part, value: unknown): void {
  const text = JSON.stringify(value);
  let parsed: WeakRef<object> | undefined;
  Object.defineProperty(object, part, {
    enumerable: true,
    get() {
      const known = parsed?.deref();
      if (known !== undefined) return known;
      const fresh = JSON.parse(text) as object;
      parsed = new WeakRef(fresh);
      return fresh;
    },
  });
}
